"""What the netns and vm tests share: namespaces, programs under test, and observers of the wire.

Nothing here sleeps to synchronise: tests wait for what they need with `wait.eventually` or with the
observers' own wait methods, with limits so generous that only a failure reaches them.
"""
