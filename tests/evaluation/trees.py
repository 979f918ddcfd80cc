"""Tiny made-up trees in the layouts of public sets. Nothing in them is a medium."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path


def lay(root: Path, files: Iterable[str]) -> None:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def celeb_df(root: Path) -> None:
    lay(
        root / "Celeb-DF-v2",
        [
            "Celeb-synthesis/id0_id16_0004.mp4", "Celeb-synthesis/id1_id2_0001.mp4",
            "Celeb-real/id0_0004.mp4", "Celeb-real/id5_0000.mp4", "YouTube-real/00170.mp4",
            "YouTube-real/00171.mp4", "read me.txt",
        ],
    )  # fmt: skip
    (root / "Celeb-DF-v2" / "List_of_testing_videos.txt").write_text(
        "1 YouTube-real/00170.mp4\n1 Celeb-real/id0_0004.mp4\n0 Celeb-synthesis/id0_id16_0004.mp4\n"
    )


def faceforensics(root: Path) -> None:
    lay(
        root / "FaceForensics++",
        [
            "original_sequences/youtube/c23/videos/000.mp4",
            "original_sequences/youtube/c23/videos/003.mp4",
            "original_sequences/youtube/c40/videos/000.mp4",
            "original_sequences/actors/c23/videos/01__walking.mp4",
            "manipulated_sequences/Deepfakes/c23/videos/000_003.mp4",
            "manipulated_sequences/Face2Face/c23/videos/003_000.mp4",
            "manipulated_sequences/NeuralTextures/c23/videos/555_516.mp4",
            "manipulated_sequences/Deepfakes/masks/videos/000_003.mp4",
            "manipulated_sequences/DeepFakeDetection/c23/videos/01_02__walking__ABC.mp4",
        ],
    )
    splits = {"train": [["555", "516"]], "val": [], "test": [["000", "003"]]}
    for split, pairs in splits.items():
        path = root / "FaceForensics++" / "splits" / f"{split}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(pairs))


def df40(root: Path) -> None:
    lay(
        root / "DF40",
        [
            "simswap/ff/001_002/003.png", "sadtalker/ff/frames/001_002/003.png",
            "simswap/cdf/id0_id1_0001/000.png", "heygen/heygen_new/fake/frames/a/0.png",
            "heygen/heygen_new/real/b/0.png", "stargan/fake/1.jpg", "stargan/real/1.jpg",
            "FaceForensics++/original_sequences/youtube/c23/frames/001/000.png",
            "Celeb-DF-v2/Celeb-real/frames/id0_0001/000.png",
        ],
    )  # fmt: skip


def fakeavceleb(root: Path) -> None:
    base = root / "FakeAVCeleb_v1.2"
    lay(
        base,
        [
            "RealVideo-RealAudio/African/men/id00076/00109.mp4",
            "FakeVideo-FakeAudio/Caucasian (American)/women/id03781/00113_id00431_wavtolip.mp4",
        ],
    )
    (base / "meta_data.csv").write_text(
        "source,target1,target2,method,category,type,race,gender,path,\n"
        "id00076,-,-,real,A,RealVideo-RealAudio,African,men,00109.mp4,"
        "FakeAVCeleb/RealVideo-RealAudio/African/men/id00076\n"
        "id03781,id00431,-,fsgan-wav2lip,D,FakeVideo-FakeAudio,Caucasian (American),women,"
        "00113_id00431_wavtolip.mp4,"
        "FakeAVCeleb/FakeVideo-FakeAudio/Caucasian (American)/women/id03781\n"
        "id1,-,-,wav2lip,C,FakeVideo-RealAudio,African,men,gone.mp4,FakeAVCeleb/gone\n"
    )


def asvspoof5(root: Path) -> None:
    base = root / "ASVspoof5"
    lay(base, ["flac_E_eval/E_01.flac", "flac_E_eval/E_02.flac", "flac_D/D_01.flac"])
    tables = base / "ASVspoof5_protocols"
    tables.mkdir()
    (tables / "ASVspoof5.eval.track_1.tsv").write_text(
        "E_1 E_01 F C05 2 - AC1 A17 spoof -\nE_2 E_02 M - - - - bonafide bonafide -\n"
    )
    (tables / "ASVspoof5.dev.track_1.tsv").write_text("D_1 D_01 F - - - AC1 A11 spoof -\n")


def in_the_wild(root: Path) -> None:
    base = root / "release_in_the_wild"
    lay(base, ["0.wav", "4.wav"])
    (base / "meta.csv").write_text(
        "file,speaker,label\n0.wav,Alec Guinness,spoof\n4.wav,Christopher Hitchens,bona-fide\n"
    )


def mnw(root: Path) -> None:
    lay(
        root / "MNW",
        [
            "AI_Images/Adobe_Firefly_v2/1.png", "AI_Images/Midjourney/deep/2.jpg",
            "AI_Video/Sora/1.mp4", "Deepfake_Video/x/1.mp4", "Deepfake_Audio/y/1.mp3",
            "AI_media_in_the_wild/1.jpg", "docs/read.md",
        ],
    )  # fmt: skip


def deepfake_eval(root: Path) -> None:
    base = root / "Deepfake-Eval-2024"
    lay(base, ["image-data/a.webp", "image-data/b.jpg", "image-data/c.jpg", "audio-data/a.mp3",
               "video-data/a.mp4"])  # fmt: skip
    head = "Filename,Ground Truth,Finetuning Set\n"
    (base / "image-metadata-publish.csv").write_text(
        f"{head}a.webp,Fake,Test\nb.jpg,Real,Train\nc.jpg,Unknown,Test\n"
    )
    (base / "audio-metadata-publish.csv").write_text(f"{head}a.mp3,Real,Test\n")
    (base / "video-metadata-publish.csv").write_text(f"{head}a.mp4,Fake,Test\n")


def pictures(root: Path) -> None:
    names = {
        "sd21_faces": ["allImages_anB-107_3.jpg", "allImages_anB-107_4.jpg"],
        "gpt4o": ["cases_10_hat.png", "cases_10_input.png"],
        "comfy": ["flux2_flux2_example.png", "lora_lora.png", "sd3_sd3_simple_example.png"],
        "sd15_art": ["img_Abigail.webp"],
        "kodak": ["1.png"],
    }
    real = {"kodak"}
    rows = ["path,label,source,method,split,sha256"]
    for name, files in names.items():
        lay(root, [f"{name}/{file}" for file in files])
        label = "real" if name in real else "fake"
        method = "stable-diffusion-2.1" if name == "sd21_faces" else "see name"
        rows += [f"{name}/{file},{label},{name},{method},test,x" for file in files]
    (root / "manifest.csv").write_text("\n".join(rows) + "\n")
    faces = root / "faces"
    faces.mkdir()
    with zipfile.ZipFile(faces / "ffhq-real.zip", "w") as archive:
        archive.writestr("a.jpg", b"a")
    (faces / "manifest.csv").write_text(
        "archive,member,label,split,source,identity\n"
        "ffhq-real.zip,a.jpg,real,test,ffhq,p1\nffhq-real.zip,gone.jpg,real,test,ffhq,p2\n"
    )


def speech(root: Path) -> None:
    base = root / "speech"
    base.mkdir()
    members = {
        "real.zip": ["a.ogg", "b.ogg"], "fake.zip": ["c.ogg", "d.ogg", "e.ogg"],
    }  # fmt: skip
    for name, inside in members.items():
        with zipfile.ZipFile(base / name, "w") as archive:
            for member in inside:
                archive.writestr(member, member.encode())
    (base / "manifest.csv").write_text(
        "archive,member,label,split,source,system,speaker\n"
        "real.zip,a.ogg,real,test,yourtts,,p1\nreal.zip,b.ogg,real,test,resemblyzer,,p2\n"
        "fake.zip,c.ogg,fake,test,yourtts,yourtts,p1\n"
        "fake.zip,d.ogg,fake,test,gen-flite,flite,slt\n"
        "fake.zip,e.ogg,fake,train,gen-espeak,espeak,default\n"
    )
