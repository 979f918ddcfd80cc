from django.urls import path

from accounts import views

urlpatterns = [
    path("language/", views.language, name="accounts_language"),
    path("second-factor/", views.second_factor_needed, name="accounts_second_factor"),
    path("sessions/", views.sessions, name="usersessions_list"),
    path("sessions/<str:name>/end/", views.end_session, name="accounts_session_end"),
    # Before the login library's own address of that name, which is included after these.
    path("confirm-email/<str:key>/", views.confirm_address, name="account_confirm_email"),
    path("invitation/<str:token>/", views.invitation, name="accounts_invitation"),
]
