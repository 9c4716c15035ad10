"""The evidence room: what published studies report, and what virtual results are set beside."""

from inferon.evidence.published import PublishedResult, beside, published_results

__all__ = ["PublishedResult", "beside", "published_results"]
