from django.urls import path

from accounts import views

urlpatterns = [
    path("sessions/", views.sessions, name="usersessions_list"),
    path("sessions/<str:name>/end/", views.end_session, name="accounts_session_end"),
    path("invitation/<str:token>/", views.invitation, name="accounts_invitation"),
]
