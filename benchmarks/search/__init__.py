"""The search against its peers, on curves that are tabulated or come from a surrogate."""
