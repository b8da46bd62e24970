"""What a person sees in a browser: the clinic's page at ``/`` and the API reference.

frame       what every page is sent with: nothing loaded, nothing run, no foreign frame
clinic      photos to a report, a report and answers to a suggestion, each in one request
questions   what the form asks: the questionnaire in the rulebook's words, the grades to confirm
answers     the answers of a form as a questionnaire
submission  a form as it was sent, and the request that it stands for
refused     what a browser gets whose form is refused
reference   the API reference, made from the OpenAPI document

No script and no session: what the next step needs travels in the page itself, so that the service
keeps nothing of anybody (docs/decisions/0041).
"""
