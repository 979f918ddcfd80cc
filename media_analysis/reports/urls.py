from django.urls import path

from media_analysis.reports import views

app_name = "reports"
urlpatterns = [
    path("verify/", views.verify, name="verify"),
    path("case/<uuid:pk>/", views.of_case, name="of_case"),
    path("case/<uuid:pk>/issue/", views.issue, name="issue"),
    path("<uuid:pk>/<str:name>", views.download, name="download"),
]
