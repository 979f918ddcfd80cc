"""Where the sweeps kill. The first list lies in the product, the second round its blob store."""

WORK = (
    "in_claim", "after_claim", "before_conclude", "before_finish", "after_verdict",
    "after_findings", "before_commit", "after_finish",
)  # fmt: skip
INTAKE = (
    "blob_arrived", "blob_in_place", "before_rows", "after_blob_row", "after_analysis_row",
    "after_intake_commit",
)  # fmt: skip
