from django.apps import AppConfig


class BackfillConfig(AppConfig):
    name = "media_analysis.backfill"
    label = "backfill"
    verbose_name = "Backfill"

    def ready(self) -> None:
        from jobs import bell, registry
        from media_analysis.backfill import admin_pages, erasing, on_record
        from media_analysis.backfill.models import BackfillItem
        from media_analysis.backfill.services import examining
        from media_analysis.submissions import hooks as submissions
        from ml.engine.contract import Kind
        from ml.models import MEDIA_KINDS

        registry.register(
            BackfillItem, examining.run, wake=bell.ring, background=True,
            kinds=MEDIA_KINDS, long_kinds=(Kind.VIDEO.value,),
        )  # fmt: skip
        submissions.erased_with.append(erasing.rows_of)
        submissions.keeps_media.append(erasing.under_way)
        on_record.keep()
        admin_pages.register()
