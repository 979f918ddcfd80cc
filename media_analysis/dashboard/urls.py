from django.urls import path

from media_analysis.dashboard import views

app_name = "dashboard"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("set-aside/<uuid:pk>/retry/", views.retry, name="retry"),
    path("set-aside/<uuid:pk>/copy/", views.retry_copy, name="retry_copy"),
]
