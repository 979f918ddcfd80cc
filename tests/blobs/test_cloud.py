"""The cloud storages: the lock that brings them, and that settings alone choose them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings as django_settings


def names(file: str) -> dict[str, str]:
    lines = (django_settings.ROOT / file).read_text().splitlines()
    return {
        match[1]: match[2] for line in lines if (match := re.match(r"([a-z0-9.\-]+)==(\S+)", line))
    }


def test_the_cloud_lock_brings_the_three_sdks_and_agrees_with_the_default_lock() -> None:
    """Installed on top, it changes no version of what is there; every line has hashes."""
    cloud, default = names("requirements/cloud.txt"), names("requirements.txt")
    assert {"boto3", "google-cloud-storage", "azure-storage-blob"} <= set(cloud)
    assert not {"boto3", "google-cloud-storage", "azure-storage-blob"} & set(default)
    different = {n: (v, default[n]) for n, v in cloud.items() if default.get(n, v) != v}
    assert different == {}
    text = (django_settings.ROOT / "requirements/cloud.txt").read_text()
    assert text.count("--hash=sha256:") >= len(cloud)


def test_a_storage_whose_sdk_is_missing_says_what_is_missing(settings: Any) -> None:
    """Settings alone choose the storage; without its SDK the error names the SDK."""
    pytest.importorskip("storages")
    try:
        import boto3  # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip("the S3 SDK is installed here")
    from django.core.exceptions import ImproperlyConfigured

    from blobs import vault

    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "b"}},
    }
    with pytest.raises(ImproperlyConfigured, match="boto3"):
        vault.storage()
