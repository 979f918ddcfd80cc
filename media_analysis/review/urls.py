from django.urls import path

from media_analysis.review import (
    appeal_views,
    golden_views,
    leading_views,
    note_views,
    quality_views,
    queue_views,
    saved_text_views,
    views,
)

app_name = "review"
urlpatterns = [
    path("", queue_views.queue, name="queue"),
    path("filters/save/", queue_views.save_filter, name="save_filter"),
    path("bulk/", queue_views.bulk, name="bulk"),
    path("own/", quality_views.own, name="own"),
    path("mentions/", note_views.mentions, name="mentions"),
    path("mentions/email", note_views.mention_mail, name="mention_mail"),
    path("appeals/<uuid:pk>/", appeal_views.appeal, name="appeal"),
    path("golden/<uuid:pk>/", golden_views.mark, name="mark_golden"),
    path("golden/<int:pk>/take-out/", golden_views.take_out, name="take_out_golden"),
    path("next/", views.take_next, name="next"),
    path("<uuid:pk>/", views.case, name="case"),
    path("<uuid:pk>/claim/", views.claim, name="claim"),
    path("<uuid:pk>/decide/", views.decide, name="decide"),
    path("<uuid:pk>/take-over/", views.take_over, name="take_over"),
    path("<uuid:pk>/release/", views.release, name="release"),
    path("<uuid:pk>/pass-on/", views.pass_on, name="pass_on"),
    path("<uuid:pk>/take-back/", views.take_back, name="take_back"),
    path("<uuid:pk>/undo/", views.undo, name="undo"),
    path("<uuid:pk>/insert/", saved_text_views.insert, name="insert_text"),
    path("<uuid:pk>/ask/", views.ask, name="ask"),
    path("<uuid:pk>/note/", note_views.note, name="note"),
    path("<uuid:pk>/move/", leading_views.move, name="move"),
    path("<uuid:pk>/take-from/", leading_views.take_from, name="take_from"),
    path("<uuid:pk>/reopen/", views.reopen, name="reopen"),
    path("<uuid:pk>/draft/", views.draft, name="draft"),
    path("<uuid:pk>/heartbeat/", views.heartbeat, name="heartbeat"),
]
