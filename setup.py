"""Builds the fused CPU kernel (csrc/) with the package; everything else about it stands in pyproject.toml.

The kernel is optional: without a compiler the package installs and works, only slower
(rnnbench/recurrent/backends/fused.py).
"""

import platform
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

X86 = platform.machine().lower() in ("x86_64", "amd64")
FLAGS = {  # what a source may use beyond the processor that every build must run on; fused.cpp chooses at run time
    "csrc/isa_avx512.cpp": ["-mavx512f", "-mavx512dq", "-mfma", "-Wno-uninitialized"],
    "csrc/isa_avx2.cpp": ["-mavx2", "-mfma"],
    "csrc/isa_baseline.cpp": [],
}
COMMON = ["-std=c++17", "-O2", "-g0", "-ffp-contract=fast", "-fvisibility=hidden", "-Wno-psabi"]


class BuildKernel(build_ext):
    def build_extension(self, ext):
        objects = []
        for source in ext.sources:
            objects += self.compiler.compile(
                [source],
                output_dir=self.build_temp,
                depends=ext.depends,
                extra_postargs=COMMON + FLAGS.get(source, []),
            )
        target = self.get_ext_fullpath(ext.name)
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        self.compiler.link_shared_object(objects, target, extra_postargs=["-pthread"], target_lang="c++")


setup(
    ext_modules=[
        Extension(
            "rnnbench.recurrent._fused",  # a plain shared library, loaded with ctypes
            sources=["csrc/fused.cpp", "csrc/threads.cpp", *(s for s in FLAGS if X86 or "baseline" in s)],
            depends=sorted(path.as_posix() for path in Path("csrc").glob("*.h")),
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildKernel},
)
