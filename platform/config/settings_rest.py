"""Settings of REST: authentication, limits, streams and the schema (docs/api.md)."""

from __future__ import annotations

from config.settings_base import env

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api_auth.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "media_analysis.partners.negotiation.NamedFormat",
    "DEFAULT_THROTTLE_CLASSES": ["media_analysis.partners.throttling.CallerThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "read": env.rate("API_READ_RATE", "600/min"),
        "write": env.rate("API_WRITE_RATE", "120/min"),
    },
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "media_analysis.partners.problems.handler",
}
API_STREAMS = env.int("API_STREAMS", 50)
API_STREAM_ROUND_SECONDS = env.float("API_STREAM_ROUND_SECONDS", 20.0)
IDEMPOTENCY_BUSY_SECONDS = env.float("IDEMPOTENCY_BUSY_SECONDS", 120.0)
IDEMPOTENCY_KEEP_DAYS = env.float("IDEMPOTENCY_KEEP_DAYS", 7.0)
SPECTACULAR_SETTINGS = {
    "TITLE": "Touchstone",
    "DESCRIPTION": "Tells genuine media from manipulated media. A person decides.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "DecisionOutcomeEnum": "media_analysis.submissions.outcomes.DecisionOutcome",
        "ItemStateEnum": "media_analysis.partners.batch_shapes.ITEM_STATES",
        "UploadStateEnum": "media_analysis.uploads.direct_models.DirectState",
        "OutcomeEnum": "media_analysis.partners.serializers.VERDICTS",
        "StateEnum": "media_analysis.partners.webhook_shapes.DELIVERY_STATES",
    },
    "PREPROCESSING_HOOKS": ["media_analysis.partners.schema.with_slash"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "media_analysis.partners.schema.needed_bodies",
        "media_analysis.partners.examples.with_examples",
    ],
}
