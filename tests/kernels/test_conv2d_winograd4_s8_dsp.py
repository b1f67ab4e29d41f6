"""Winograd F(4x4,3x3): every remainder of tiles and blocks, borders, extremes, refusals."""

from tests.support.winograd_checks import WinogradChecks


class TestWinograd(WinogradChecks):
    """All checks, of this kernel."""

    kernel = "conv2d_winograd4_s8_dsp"
