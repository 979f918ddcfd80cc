from django.urls import path

from config.styleguide import views

app_name = "styleguide"
urlpatterns = [
    path("", views.components, name="components"),
    path("trouble/<str:code>/", views.trouble, name="trouble"),
]
