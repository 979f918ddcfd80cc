from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SubmissionsConfig(AppConfig):
    name = "media_analysis.submissions"
    label = "submissions"
    verbose_name = _("Submissions")

    def ready(self) -> None:
        from media_analysis.submissions import on_record
        from media_analysis.submissions.services import parts, reusing
        from ml import hooks

        hooks.reuse_is_wanted.append(reusing.is_wanted)
        hooks.earlier_analysis.append(reusing.earlier)
        on_record.keep()
        hooks.keeps_text.append(parts.keeps_text)
