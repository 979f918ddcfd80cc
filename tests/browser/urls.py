"""The product's addresses and the styleguide, which otherwise only DEBUG shows."""

from django.urls import include, path

from config.urls import urlpatterns as product

urlpatterns = [path("styleguide/", include("config.styleguide.urls")), *product]
