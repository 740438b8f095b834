"""What the audit says of the search for similar slices."""

from dataclasses import replace

from support.audited import prepared
from support.planted import Export

from tumorseg.audit.facts import measure
from tumorseg.audit.findings import find
from tumorseg.audit.survey import survey_data


def test_a_search_that_misses_slices_is_said_with_its_recall_and_one_of_all_pairs_is_not(tmp_path):
    survey = survey_data(*prepared(Export(), tmp_path))
    categories = {"0": 1, "1": 1}
    facts = measure(survey, categories, "shipped")
    assert "search" not in facts
    assert "search_approximate" not in {finding.id for finding in find(facts)}
    facts = measure(replace(survey, recall=0.9876), categories, "shipped")
    count = len(survey.slices)
    assert facts["search"] == {"slices": count, "recall": 0.9876}
    finding = next(finding for finding in find(facts) if finding.id == "search_approximate")
    assert (finding.severity, finding.count) == ("info", count)
    assert finding.message == (
        f"{count} slices are too many to compare all pairs: an index finds the most similar slice of 98.8% "
        "of a sample. So some copies, siblings and groups are missed"
    )
