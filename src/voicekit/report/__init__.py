"""Pages: what a run holds, to see and to hear. Static files that ask for nothing and need no server.

    runs         what the user gave: a run's folder, a recording's, or a file
    page         data and a template to one HTML file
    media        sound and pictures beside a page, or in it
    statistics   who spoke how long, how fast, and at once
    measures     what the judge's measures are called, and which way is better
    transcript   the page of a transcript
    takes        the page of takes: a clone job's or a dialogue's
    compare      two runs and more: what differs, and how sure that is
    blind        takes of two runs, heard without knowing whose they are
    gallery      good, bad and weird takes of many runs
    write        pages to files
    edits        what was corrected in a page, and the transcript after it
    apply        edits into a run or a file

templates/ holds the HTML, CSS and JavaScript. Texts are filled in by Jinja2, which escapes them, or by the page's
script from JSON, as text and never as HTML.
"""
