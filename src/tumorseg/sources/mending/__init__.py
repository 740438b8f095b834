"""From any COCO JSON to the strict one that the stages read: each file mends one part of it."""
