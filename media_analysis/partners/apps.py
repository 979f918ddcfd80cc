from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "media_analysis.partners"
    label = "partners"
    verbose_name = "Partners"

    def ready(self) -> None:
        from media_analysis.partners import erasing, schema  # noqa: F401 - schema registers itself
        from media_analysis.submissions import hooks as submissions

        submissions.erased_with.append(erasing.rows_of)
        submissions.text_removed.append(erasing.remove_text)
