"""What others read: an assessment, its pictures and a suggestion as one page.

wording    plain names and sentences; nothing that sounds like a diagnosis or an order
pictures   the photos of a visit, cut to the face, with overlays and outlines on them
html       the page: one file, no request to anywhere, no script
"""
