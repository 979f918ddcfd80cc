from django.urls import path

from media_analysis.teams.views import deciding, keys, members, retention, rules, teams, webhooks

app_name = "teams"
urlpatterns = [
    path("", teams.index, name="index"),
    path("new/", teams.new, name="new"),
    path("<uuid:pk>/", members.members, name="members"),
    path("<uuid:pk>/invite/", members.invite, name="invite"),
    path(
        "<uuid:pk>/invitations/<uuid:invitation>/again/", members.invite_again, name="invite_again"
    ),
    path("<uuid:pk>/invitations/<uuid:invitation>/withdraw/", members.withdraw, name="withdraw"),
    path("<uuid:pk>/members/<uuid:user>/role/", members.change_role, name="change_role"),
    path("<uuid:pk>/members/<uuid:user>/remove/", members.remove, name="remove"),
    path("<uuid:pk>/roles/", teams.roles, name="roles"),
    path("<uuid:pk>/name/", teams.rename, name="rename"),
    path("<uuid:pk>/rules/", rules.rules, name="rules"),
    path("<uuid:pk>/deciding/", deciding.deciding, name="deciding"),
    path("<uuid:pk>/deciding/codes/<int:code>/", deciding.switch, name="switch_code"),
    path("<uuid:pk>/policies/", rules.policies, name="policies"),
    path("<uuid:pk>/policies/new/", rules.write, name="write_policy"),
    path("<uuid:pk>/policies/<int:policy>/", rules.edit, name="edit_policy"),
    path("<uuid:pk>/policies/<int:policy>/retire/", rules.retire, name="retire_policy"),
    path("<uuid:pk>/policies/<int:policy>/restore/", rules.restore, name="restore_policy"),
    path("<uuid:pk>/policies/<int:policy>/delete/", rules.delete, name="delete_policy"),
    path("<uuid:pk>/partners/", keys.services, name="services"),
    path("<uuid:pk>/partners/new/", keys.new_service, name="new_service"),
    path("<uuid:pk>/partners/<uuid:service>/close/", keys.close_service, name="close_service"),
    path("<uuid:pk>/partners/<uuid:service>/keys/new/", keys.new_key, name="new_key"),
    path("<uuid:pk>/partners/keys/<uuid:key>/revoke/", keys.revoke_key, name="revoke_key"),
    path("<uuid:pk>/retention/", retention.retention, name="retention"),
    path("<uuid:pk>/webhooks/", webhooks.webhooks, name="webhooks"),
    path("<uuid:pk>/webhooks/new/", webhooks.new, name="new_webhook"),
    path("<uuid:pk>/webhooks/<uuid:endpoint>/", webhooks.webhook, name="webhook"),
    path("<uuid:pk>/webhooks/<uuid:endpoint>/edit/", webhooks.edit, name="edit_webhook"),
    path("<uuid:pk>/webhooks/<uuid:endpoint>/secret/", webhooks.rotate, name="rotate_webhook"),
    path("<uuid:pk>/webhooks/<uuid:endpoint>/delete/", webhooks.delete, name="delete_webhook"),
    path("<uuid:pk>/webhooks/<uuid:endpoint>/switch/", webhooks.switch, name="switch_webhook"),
    path("<uuid:pk>/webhooks/<uuid:endpoint>/test/", webhooks.test, name="test_webhook"),
    path("<uuid:pk>/webhooks/<uuid:endpoint>/missed/", webhooks.missed, name="webhook_missed"),
    path(
        "<uuid:pk>/webhooks/<uuid:endpoint>/again/<uuid:delivery>/",
        webhooks.again,
        name="webhook_again",
    ),
]
