from django.urls import path

from media_analysis.submissions.views import history, keeping, player, submissions

app_name = "submissions"
urlpatterns = [
    path("", history.history, name="history"),
    path("export/", history.export, name="export"),
    path("filters/save/", history.save_filter, name="save_filter"),
    path("filters/<uuid:pk>/delete/", history.delete_filter, name="delete_filter"),
    path("submit/", submissions.submit, name="submit"),
    path("submit/states/", submissions.states, name="states"),
    path("s/<uuid:pk>/", submissions.detail, name="detail"),
    path("s/<uuid:pk>/progress/", submissions.progress, name="progress"),
    path("s/<uuid:pk>/again/", submissions.again, name="again"),
    path("s/<uuid:pk>/cancel/", submissions.cancel, name="cancel"),
    path("s/<uuid:pk>/deletion/", submissions.deletion, name="deletion"),
    path("s/<uuid:pk>/deletion/answer/", submissions.answer_deletion, name="answer_deletion"),
    path("s/<uuid:pk>/hold/", keeping.hold, name="hold"),
    path("deletions/", history.deletions, name="deletions"),
    path("s/<uuid:pk>/pictures/<slug:name>.png", submissions.picture, name="picture"),
    path("s/<uuid:pk>/glimpse.png", submissions.glimpse, name="glimpse"),
    path("s/<uuid:pk>/unveiled/", submissions.unveiled, name="unveiled"),
    path("s/<uuid:pk>/film/", player.panel, name="film_panel"),
    path("s/<uuid:pk>/film/prepare/", player.prepare, name="prepare_film"),
    path("s/<uuid:pk>/film/copy.webm", player.film, name="film"),
    path("s/<uuid:pk>/download/", submissions.download, name="download"),
    path("s/<uuid:pk>/credentials.json", submissions.credentials, name="credentials"),
]
