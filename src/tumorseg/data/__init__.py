"""From raw slices and annotations to arrays that nets take: masks, preprocessing, splits, statistics."""
