"""Larger models and data, which are no part of the checkout: where they are, and what fits what.

The folder is the one that the environment variable ``CNNC_MODELS`` names, otherwise
``shared/models`` beside the checkout. It holds ``zoo`` (networks for Fashion-MNIST as ONNX),
``mlperf_tiny`` (the four networks of MLPerf Tiny as int8 .tflite and float ONNX), ``exports`` (more
.tflite files) and ``data`` (their inputs as .npz).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MODELS = Path(os.environ.get("CNNC_MODELS") or Path(__file__).parents[2] / "shared" / "models")

FASHION_NETWORKS = (
    "lenet5_bn",
    "lenet_caffe",
    "vgg_s",
    "vgg_bn_s",
    "nin_s",
    "googlenet_s",
    "resnet_s",
    "densenet_s",
    "mobilenetv1_s",
    "mobilenetv2_s",
)


@dataclass(frozen=True)
class SharedModel:
    """One export of one network, with the data that fit it.

    Attributes:
        name: File stem.
        path: ONNX file.
        calibration: Data file for calibration; None where there is none.
        data: Data file for simulation and accuracy; None where there is none.
        max_drop_points: Percentage points that int8 may lose against float; None if not judged.
        channel_last: Whether the data have to be moved from NCHW to NHWC first.
    """

    name: str
    path: Path
    calibration: Path | None
    data: Path | None
    max_drop_points: float | None
    channel_last: bool = False

    def prepared(self, file: Path | None, folder: Path) -> Path | None:
        """Return a data file in the model's own layout."""
        if file is None or not self.channel_last:
            return file
        arrays = dict(np.load(file, allow_pickle=False))
        arrays["x"] = np.ascontiguousarray(arrays["x"].transpose(0, 2, 3, 1))
        moved = folder / f"{file.stem}_nhwc.npz"
        np.savez(moved, **arrays)
        return moved


def shared_models() -> list[SharedModel]:
    """Return every export that must be proven; empty where the folder is missing."""
    return [*_fashion(), *_mlperf_tiny()] if MODELS.is_dir() else []


def _fashion() -> Iterator[SharedModel]:
    data = MODELS / "data"
    for network in FASHION_NETWORKS:
        for path in sorted((MODELS / "zoo").glob(f"{network}_*.onnx")):
            if path.stem.removeprefix(f"{network}_").split("_")[0] not in (
                "op13",
                "op17",
                "dynamo18",
            ):
                continue
            yield SharedModel(
                path.stem, path, data / "fashion_calibration.npz", data / "fashion_test.npz", 0.5
            )


def _mlperf_tiny() -> Iterator[SharedModel]:
    data = MODELS / "data"
    crops = {kind: data / f"{kind}_calibration_crops.npz" for kind in ("ic", "vww")}
    networks = (
        # On crops without labels a loss of 3 points is an agreement of 97 % with float.
        ("ic_resnet8", crops["ic"], crops["ic"], 3.0),
        ("vww_mobilenetv1_025_96", crops["vww"], crops["vww"], 3.0),
        ("kws_dscnn", data / "kws_calibration.npz", data / "kws_test.npz", 1.0),
    )
    for stem, calibration, test, drop in networks:
        for layout in ("nchw_bn", "nchw", "nhwc"):
            path = MODELS / "mlperf_tiny" / f"{stem}_{layout}.onnx"
            yield SharedModel(path.stem, path, calibration, test, drop, layout == "nhwc")
    path = MODELS / "mlperf_tiny" / "ad_fc_autoencoder.onnx"
    yield SharedModel(path.stem, path, None, None, None)
