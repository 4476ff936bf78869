"""Which view answers what."""

from __future__ import annotations

from django.urls import path

from django_orders import views

urlpatterns = [
    path("orders/<str:order_id>/place", views.place),
    path("orders/<str:order_id>", views.show),
]
