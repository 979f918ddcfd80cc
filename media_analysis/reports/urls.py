from django.urls import path

from media_analysis.reports import film_views, views

app_name = "reports"
urlpatterns = [
    path("verify/", views.verify, name="verify"),
    path("certificate.pem", views.certificate, name="certificate"),
    path("case/<uuid:pk>/", views.of_case, name="of_case"),
    path("case/<uuid:pk>/issue/", views.issue, name="issue"),
    path("case/<uuid:pk>/film/", film_views.panel, name="film_panel"),
    path("case/<uuid:pk>/film/make/", film_views.make, name="make_film"),
    path("film/<uuid:pk>.webm", film_views.download, name="film"),
    path("<uuid:pk>/<str:name>", views.download, name="download"),
]
