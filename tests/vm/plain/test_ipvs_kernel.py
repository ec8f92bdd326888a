"""The codec of IPVS and the real kernel behind it, against the kernel itself and ipvsadm."""

import pathlib
import subprocess

PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "build/tests/vm/ipvs_kernel_test"


def test_ipvs_kernel(record_property):
    done = subprocess.run([PROGRAM, "--gtest_color=no"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SKIPPED" not in done.stdout, done.stdout
    for line in done.stdout.splitlines():
        if line.startswith("1000 services"):
            record_property("figures", line)
