"""Small made-up copies of published sets, in their exact layouts."""

import csv
import json
from pathlib import Path
from typing import Any


def touch(path: Path, content: bytes | None = None) -> Path:
    """Write a stand-in for a photo: different bytes for different names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(str(path.name).encode() if content is None else content)
    return path


def table(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def document(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def acne04(root: Path) -> None:
    """Six photos, five folds, one doctor."""
    counts = {"levle0_0.jpg": 3, "levle1_1.jpg": 9, "levle1_2.jpg": 14, "levle3_3.jpg": 70}
    folder = root / "Classification"
    for name in counts:
        touch(folder / "JPEGImages" / name)
    lines = [f"{name}  {name[5]}  {count}" for name, count in counts.items()]
    for fold in range(5):
        kept, held = lines[fold % 4 :][:3], [*lines[: fold % 4], *lines[fold % 4 :][3:]]
        (folder / f"NNEW_trainval_{fold}.txt").write_text("\n".join(kept) + "\n")
        (folder / f"NNEW_test_{fold}.txt").write_text("\n".join(held) + "\n")
    doctors = root / "code" / "doctor-results"
    doctors.mkdir(parents=True)
    (doctors / "expert_a.txt").write_text("1 levle1_1.jpg C\n2 levle0_0.jpg A\n")


def acne04_v2(root: Path) -> None:
    for name in ("levle0_0.jpg", "levle3_116.jpg"):
        touch(root / "JPEGImages" / name)
    images = [
        {"id": 0, "file_name": "levle3_116.jpg", "height": 3456, "width": 3112},
        {"id": 1, "file_name": "levle0_0.jpg", "height": 3456, "width": 3112},
        {"id": 2, "file_name": "levle2_9.jpg", "height": 3456, "width": 3112},
    ]
    circle = {"radius": 25, "coordinates": [2229, 168], "class_name": "acne"}
    circles = [{"id": i, "image_id": 0, **circle} for i in range(3)]
    document(
        root / "Acne04-v2_annotations.json",
        {"images": images, "annotations": circles, "info": {"version": "2.0"}},
    )


def ffhq_wrinkle(root: Path, masks: str = "manual_wrinkle_masks") -> None:
    for number in (1, 1234, 21035):
        folder = f"{number // 1000 * 1000:05d}"
        touch(root / "images1024x1024" / folder / f"{number:05d}.png")
        touch(root / masks / f"{number:05d}.png", b"mask")
        touch(root / "weak_wrinkle_masks" / folder / f"{number:05d}.png", b"weak")
    touch(root / masks / "04000.png", b"mask without a photo")
    (root / "test_file_lists.txt").write_text("01234\n")


def scin(root: Path) -> None:
    case = {
        "case_id": "-4762289084741430925",
        "age_group": "AGE_30_TO_39",
        "fitzpatrick_skin_type": "FST4",
        "body_parts_head_or_neck": "YES",
        "related_category": "PIGMENTARY_PROBLEM",
        "image_1_path": "dataset/images/1.png",
        "image_2_path": "",
        "image_1_shot_type": "CLOSE_UP",
        "image_2_shot_type": "",
    }
    cases = [
        case,
        case
        | {
            "case_id": "9007199254740993",
            "related_category": "RASH",
            "image_1_path": "dataset/images/2.png",
            "image_2_path": "dataset/images/1.png",
        },
        case | {"case_id": "9007199254740994", "related_category": "RASH"},
        case | {"case_id": "5", "body_parts_head_or_neck": ""},
        case | {"case_id": "6", "image_1_path": "dataset/images/gone.png"},
    ]
    label = {
        "case_id": "",
        "weighted_skin_condition_label": "",
        "dermatologist_fitzpatrick_skin_type_label_1": "FST5",
        "dermatologist_fitzpatrick_skin_type_label_2": "",
        "monk_skin_tone_label_us": "7.0",
        "monk_skin_tone_label_india": "",
    }
    labels = [
        label
        | {
            "case_id": case["case_id"],
            "weighted_skin_condition_label": "{'Melasma': 0.69, 'Lentigo': 0.31}",
        },
        label | {"case_id": "9007199254740993", "weighted_skin_condition_label": "{'Acne': 1.0}"},
        label | {"case_id": "9007199254740994", "weighted_skin_condition_label": "{'Eczema': 1}"},
    ]
    table(root / "dataset" / "scin_cases.csv", cases)
    table(root / "dataset" / "scin_labels.csv", labels)
    touch(root / "dataset" / "images" / "1.png")
    touch(root / "dataset" / "images" / "2.png")


def fitzpatrick17k(root: Path) -> None:
    row = {
        "md5hash": "a" * 32,
        "fitzpatrick_scale": "3",
        "fitzpatrick_centaur": "-1",
        "label": "keloid",
        "nine_partition_label": "inflammatory",
        "three_partition_label": "non-neoplastic",
        "qc": "",
        "url": "",
        "url_alphanum": "",
    }
    table(
        root / "fitzpatrick17k.csv",
        [
            row,
            row | {"md5hash": "b" * 32, "fitzpatrick_centaur": "5"},
            row | {"md5hash": "c" * 32, "qc": "3 Wrongly labelled"},
            row | {"md5hash": "d" * 32},
        ],
    )
    for letter in "abc":
        touch(root / "photos" / f"{letter * 32}.jpg")


def ddi(root: Path, folder: str = "") -> None:
    rows = [
        {
            "": "0",
            "DDI_file": "000001.png",
            "skin_tone": "12",
            "malignant": "False",
            "disease": "x",
        },
        {"": "1", "DDI_file": "000002.png", "skin_tone": "56", "malignant": "True", "disease": "y"},
    ]
    table(root / "ddi_metadata.csv", rows)
    for row in rows:
        touch(root / folder / row["DDI_file"])


def pad_ufes_20(root: Path) -> None:
    row = {
        "patient_id": "PAT_46",
        "lesion_id": "881",
        "smoke": "False",
        "age": "55",
        "fitspatrick": "3.0",
        "region": "NECK",
        "diagnostic": "BCC",
        "itch": "UNK",
        "img_id": "PAT_46_881_14.png",
        "biopsed": "True",
    }
    rows = [
        row,
        row | {"lesion_id": "882", "img_id": "PAT_46_882_2.png", "fitspatrick": ""},
        row | {"patient_id": "PAT_7", "img_id": "PAT_7_1_1.png", "diagnostic": "NEV"},
    ]
    table(root / "metadata.csv", rows)
    for number, line in enumerate(rows, 1):
        touch(root / f"imgs_part_{number}" / line["img_id"])


SURNAME = "Wang"


def acne_scu(root: Path) -> None:
    names = (
        *("paule", "nevus", "nodule", "open_comedo", "closed_comedo"),
        *("atrophic_scar", "hypertrophic_scar", "melasma", "pustule", "other"),
    )
    categories = [{"id": i, "name": name} for i, name in enumerate(names, 1)]
    base = root / "ACNE_seg"
    for number, part in enumerate(("train", "valid", "test")):
        file = f"CXM__{SURNAME}_{number}_20200703131528000_1.jpg"
        folder = base / ("images" if part == "train" else f"{part}_patch")
        touch(folder / file)
        shape = {"image_id": number, "segmentation": [[0, 0, 9, 0, 9, 9]], "iscrowd": 0}
        instances = [
            {"id": 0, "category_id": 6, "area": 100.0, "bbox": [0, 0, 10, 10], **shape},
            {"id": 1, "category_id": 6, "area": 300.0, "bbox": [0, 0, 10, 10], **shape},
            {"id": 2, "category_id": 1, "area": 9000.0, "bbox": [0, 0, 10, 10], **shape},
        ]
        document(
            base / "annotations" / f"acne_{part}.json",
            {
                "images": [{"id": number, "file_name": file, "width": 200, "height": 100}],
                "annotations": instances,
                "categories": categories,
            },
        )


UTK_NAMES = (
    "34_1_2_20170109142408075.jpg.chip.jpg",
    "24_0_1_20170116220224657 .jpg.chip.jpg",
    "39_1_20170116174525125.jpg.chip.jpg",
    "55_0_0_20170116232725357jpg.chip.jpg",
    "100_0_0_201701162327253.jpg.chip.jpg",
    "17_0_0_20170116232725357.jpg.chip.jpg",
    "1_0_0_20161219140623097.jpg.chip.jpg",
)


def utkface(root: Path) -> None:
    for name in UTK_NAMES:
        touch(root / "UTKFace" / name)
