"""What others read: an assessment, its pictures and a suggestion as one page.

wording    plain names and sentences; nothing that sounds like a diagnosis or an order
pictures   the photos of a visit, cut to the face, with overlays and outlines on them
base       what every page shares: one file, no request to anywhere, no script
headline   beside the mean of a face: its worst zone and its reservations
promise    how far the model's contract lets the grades be trusted
ranges     a suggestion as a page shows it
html       the report of one examination
fhir       an assessment for a record system, as HL7 FHIR R4 resources
sheets     the patient's sheet in plain words, the clinician's with every reason
"""
