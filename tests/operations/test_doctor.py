"""The doctor reports each mistake in a sentence of its own, and how to fix it."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from audit import fingerprints
from ml.models import Thumbnail
from operations import doctor
from operations.doctor import Finding
from tests.media_bucket import BUCKET, MediaBucket
from tests.people import Person, Send, picture

pytestmark = pytest.mark.django_db


def report_of(found: Any) -> str:
    listed: list[Finding] = list(found)
    assert all(one.said and one.mend for one in listed)
    return " ".join(f"{one.level} {one.said} {one.mend}" for one in listed)


def blobs(settings: Any, **named: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "blobs": named}


def test_a_misspelt_storage_class_is_told(settings: Any) -> None:
    blobs(settings, BACKEND="storages.backends.s3.S3Storag", OPTIONS={})
    assert "BLOB_STORAGE or BLOB_STORAGE_OPTIONS is not right" in report_of(doctor.store())


def test_a_misspelt_option_is_told(settings: Any) -> None:
    blobs(
        settings, BACKEND="django.core.files.storage.FileSystemStorage", OPTIONS={"locaton": "/x"}
    )
    assert "locaton" in report_of(doctor.store())


def test_a_store_that_is_not_mounted_is_told(own_home: Path) -> None:
    assert "is not there" in report_of(doctor.store())
    call_command("store", "create")
    assert "error" not in report_of(doctor.store())


def test_direct_uploads_without_a_bucket_or_its_rights_are_told(
    settings: Any, media_bucket: MediaBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in quarantine too long is told; what an upload needs is not."""
    assert list(doctor.direct_uploads()) == []
    media_bucket.client.put_object(Bucket=BUCKET, Key="quarantine/x", Body=b"x")
    assert list(doctor.direct_uploads()) == []
    monkeypatch.setattr(doctor, "LEFTOVER_AGE", timedelta(seconds=-5))
    assert "1 leftovers lie in quarantine" in report_of(doctor.direct_uploads())
    media_bucket.client.delete_object(Bucket=BUCKET, Key="quarantine/x")
    media_bucket.client.delete_bucket(Bucket=BUCKET)
    assert "takes no direct uploads" in report_of(doctor.direct_uploads())
    blobs(settings, BACKEND="django.core.files.storage.FileSystemStorage", OPTIONS={})
    assert "media do not lie on S3" in report_of(doctor.direct_uploads())
    settings.DIRECT_UPLOADS = False
    assert list(doctor.direct_uploads()) == []


def test_a_wrong_role_is_told_from_a_server_that_is_away(own_home: Path) -> None:
    db = connection.settings_dict
    with pytest.raises(psycopg.OperationalError) as no_role:
        psycopg.connect(host=db["HOST"], user="nobody_here", dbname=db["NAME"])
    assert "knows no role" in doctor._why_no_database(str(no_role.value))[0]
    with pytest.raises(psycopg.OperationalError) as no_base:
        psycopg.connect(host=db["HOST"], user=db["USER"], dbname="no_such_base")
    assert "no such database" in doctor._why_no_database(str(no_base.value))[0]
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(host="127.0.0.1", port=1, user="x", dbname="x")
    assert "Nothing listens" in doctor._why_no_database(str(refused.value))[0]
    password = 'FATAL:  password authentication failed for user "touchstone_app"'
    assert "refuses the password" in doctor._why_no_database(password)[0]


def test_missing_collectstatic_is_told(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    assert "collectstatic" in report_of(doctor.static_files())
    (tmp_path / "staticfiles.json").write_text("{}")
    assert report_of(doctor.static_files()) == ""


def test_keys_of_another_machine_are_told(own_home: Path, settings: Any) -> None:
    fingerprints.init()
    assert report_of(doctor.keys()) == ""
    settings.SECRET_KEY = "z" * 60
    assert "SECRET_KEY on this machine is not the one" in report_of(doctor.keys())


def test_a_misspelt_setting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOB_STORGE_OPTIONS", "{}")
    assert "Did you mean BLOB_STORAGE_OPTIONS?" in report_of(doctor.names())


def test_a_host_that_does_not_fit_is_told(settings: Any) -> None:
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://here.example", ["other.example"]
    assert "ALLOWED_HOSTS=other.example,here.example" in report_of(doctor.addresses())
    settings.ALLOWED_HOSTS = [".example"]
    assert "does not allow" not in report_of(doctor.addresses())


def test_a_missing_sandbox_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.floors.problems", lambda: ["Pillow 1.0 is too old."])
    assert "Pillow 1.0 is too old." in report_of(doctor.sandbox())


def test_a_bubblewrap_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "why_not", list)
    monkeypatch.setenv("TOUCHSTONE_BUBBLEWRAP", "/nowhere/bwrap")
    assert "names /nowhere/bwrap, which is not there" in report_of(doctor.sandbox())
    monkeypatch.setenv("TOUCHSTONE_BUBBLEWRAP", "off")
    assert "bubblewrap" not in report_of(doctor.sandbox()).lower()


def test_a_silent_broker_is_told(settings: Any) -> None:
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    assert "The broker does not answer" in report_of(doctor.broker())


def test_a_folder_that_cannot_be_written_is_told(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings.UPLOAD_SPOOL_DIR = str(tmp_path / "file")
    assert "cannot be written" in report_of(doctor.folders())


def test_one_role_for_everything_is_told(own_home: Path) -> None:
    assert "owns the tables" in report_of(doctor.database())


def test_json_holds_every_finding_and_the_exit_status_says_if_one_is_an_error(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json")
    output = json.loads(capsys.readouterr().out)
    errors = [one for one in output["findings"] if one["level"] == "error"]
    assert output["ok"] is (not errors) and ended.value.code == int(bool(errors))
    assert any(one["part"] == "media store" for one in errors)
    assert logging.root.manager.disable == logging.NOTSET, "the process still writes its log"
    assert os.environ.get("PGPASSWORD", "x" * 9) not in json.dumps(output)


def test_small_pictures_that_still_lie_in_the_database_are_told(alice: Person, send: Send) -> None:
    assert not list(doctor.small_pictures())
    Thumbnail.objects.create(analysis=send(alice).analysis, name="frame", png=picture())
    (found,) = doctor.small_pictures()
    assert found.level == doctor.WARNING and "pictures move" in found.mend


def test_a_network_that_was_not_built_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each once, with the checks that it serves: without TensorFlow there are all others."""
    monkeypatch.setenv("MODELS_DIR", str(tmp_path))
    findings = [one for one in doctor.models() if "was not built" in one.said]
    assert [one.level for one in findings] == [doctor.WARNING] * 2
    said = " ".join(one.said for one in findings)
    assert "diffusion_face, synthetic_face, synthetic_image" in said and "face_forgery" in said
    assert all("ml.engine.image_encoders" in one.mend for one in findings)


def test_a_check_whose_library_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever loads is not named."""
    assert list(doctor.checks()) == []
    monkeypatch.setitem(sys.modules, "ml.engine.detectors.compression.detector", None)
    (found,) = doctor.checks()
    assert found.level == doctor.ERROR and "compression" in found.said and found.mend
