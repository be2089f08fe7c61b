"""Values at rest: content digests, serializers, kept results."""
