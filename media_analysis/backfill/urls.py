from django.urls import path

from media_analysis.backfill import views

app_name = "backfill"
urlpatterns = [
    path("", views.index, name="index"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/switch/", views.switch, name="switch"),
]
