"""lightsout stops tagged Tencent Cloud instances and verifies that they stopped."""

__version__ = "0.1.0"

from lightsout.report import RunFailed

__all__ = ["RunFailed", "__version__"]
