"""What pyproject.toml cannot say: what to do where the inner loop of the search, which is C, does not compile."""

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError, ExecError, PlatformError

ADVICE = """
Assay's search for mappings has an inner loop in C, and it could not be compiled: {error}

To install Assay from source, a C compiler and Python's headers are needed:
  Debian, Ubuntu   sudo apt install gcc python3-dev
  Fedora           sudo dnf install gcc python3-devel
  macOS            xcode-select --install
  Windows          the C++ build tools of Visual Studio
"""


class BuildSearch(build_ext):
    """Says what is missing, instead of the command line of a compiler."""

    def build_extension(self, ext: Extension) -> None:
        try:
            super().build_extension(ext)
        except (CCompilerError, ExecError, PlatformError) as error:
            raise SystemExit(ADVICE.format(error=error)) from None


setup(cmdclass={"build_ext": BuildSearch})
