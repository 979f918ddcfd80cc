from django.urls import path

from media_analysis.care import views

app_name = "care"
urlpatterns = [
    path("", views.own, name="own"),
    path("keys/", views.keys, name="keys"),
    path("keys/reset/", views.reset_keys, name="reset_keys"),
    path("dismiss/", views.dismiss, name="dismiss"),
]
