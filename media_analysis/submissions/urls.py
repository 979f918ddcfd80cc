from django.urls import path

from media_analysis.submissions import film_views, list_views, views

app_name = "submissions"
urlpatterns = [
    path("", list_views.history, name="history"),
    path("export/", list_views.export, name="export"),
    path("filters/save/", list_views.save_filter, name="save_filter"),
    path("filters/<uuid:pk>/delete/", list_views.delete_filter, name="delete_filter"),
    path("submit/", views.submit, name="submit"),
    path("submit/states/", views.states, name="states"),
    path("s/<uuid:pk>/", views.detail, name="detail"),
    path("s/<uuid:pk>/progress/", views.progress, name="progress"),
    path("s/<uuid:pk>/again/", views.again, name="again"),
    path("s/<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("s/<uuid:pk>/deletion/", views.deletion, name="deletion"),
    path("s/<uuid:pk>/deletion/answer/", views.answer_deletion, name="answer_deletion"),
    path("deletions/", list_views.deletions, name="deletions"),
    path("s/<uuid:pk>/pictures/<slug:name>.png", views.picture, name="picture"),
    path("s/<uuid:pk>/film/", film_views.panel, name="film_panel"),
    path("s/<uuid:pk>/film/prepare/", film_views.prepare, name="prepare_film"),
    path("s/<uuid:pk>/film/copy.webm", film_views.film, name="film"),
    path("s/<uuid:pk>/download/", views.download, name="download"),
]
