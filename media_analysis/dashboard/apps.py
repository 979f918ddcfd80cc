from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "media_analysis.dashboard"
    label = "dashboard"
    verbose_name = "Dashboard"

    def ready(self) -> None:
        from media_analysis.dashboard.services import recording
        from ml import hooks

        hooks.analysis_finished.append(recording.after_analysis)
        hooks.analysis_parked.append(recording.after_parking)
