"""The shortest nest that counts the same; it stands in `mapping`, as the writers of mapping files need it, too."""

from assay.mapping.tidy import tidy

__all__ = ["tidy"]
