"""Builds the fused CPU kernel (csrc/) with the package; everything else about it stands in pyproject.toml.

The kernel is optional: without a compiler the package installs and works, only slower
(rnnbench/recurrent/backends/fused.py). It is a plain shared library that knows nothing of Python, so that one wheel is
for every Python of a platform: py3-none-PLATFORM.
"""

import os
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

X86 = sysconfig.get_platform().endswith(("x86_64", "amd64"))  # what is built for, which may not be what builds
FLAGS = {  # what a source may use beyond the processor that every build must run on; fused.cpp chooses at run time
    "csrc/isa_avx512.cpp": ["-mavx512f", "-mavx512dq", "-mfma", "-Wno-uninitialized"],
    "csrc/isa_avx512_bf16.cpp": [
        "-mavx512f",
        "-mavx512dq",
        "-mavx512bw",
        "-mavx512vl",
        "-mavx512bf16",
        "-mfma",
        "-Wno-uninitialized",
    ],
    "csrc/isa_avx2.cpp": ["-mavx2", "-mfma"],
    "csrc/isa_baseline.cpp": [],
}
COMMON = ["-std=c++17", "-O2", "-g0", "-ffp-contract=fast", "-fvisibility=hidden", "-Wno-psabi"]


class WheelForEveryPython(bdist_wheel):
    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


class BuildKernel(build_ext):
    def get_ext_filename(self, name):
        return f"{name.replace('.', '/')}.so"

    def build_extension(self, ext):
        def compiled(source):
            flags = COMMON + FLAGS.get(source, [])
            return self.compiler.compile(
                [source], output_dir=self.build_temp, depends=ext.depends, extra_postargs=flags
            )

        with ThreadPoolExecutor(os.cpu_count()) as side_by_side:  # each its own compiler process, half a minute long
            objects = [made for found in side_by_side.map(compiled, ext.sources) for made in found]
        target = self.get_ext_fullpath(ext.name)
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        self.compiler.link_shared_object(objects, target, extra_postargs=["-pthread"], target_lang="c++")


setup(
    ext_modules=[
        Extension(
            "rnnbench.recurrent._fused",  # a plain shared library, loaded with ctypes
            sources=[*(s for s in FLAGS if X86 or "baseline" in s), "csrc/fused.cpp", "csrc/threads.cpp"],
            depends=sorted(path.as_posix() for path in Path("csrc").rglob("*.h")),
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildKernel, "bdist_wheel": WheelForEveryPython},
)
