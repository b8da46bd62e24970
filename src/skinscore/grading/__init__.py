"""Zone crops to an assessment: runtime session, uncertainty, gathering, overlays."""
