from django.urls import path

from media_analysis.care import views

app_name = "care"
urlpatterns = [
    path("", views.own, name="own"),
    path("dismiss/", views.dismiss, name="dismiss"),
]
