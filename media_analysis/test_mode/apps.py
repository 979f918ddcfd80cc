from django.apps import AppConfig


class TestModeConfig(AppConfig):
    name = "media_analysis.test_mode"
    label = "test_mode"
    verbose_name = "Test mode"

    def ready(self) -> None:
        from media_analysis.review import hooks as review
        from media_analysis.submissions import hooks
        from media_analysis.test_mode.services import canned

        hooks.received_in_test.append(canned.answer)
        review.appealed_in_test.append(canned.answer_appeal)
