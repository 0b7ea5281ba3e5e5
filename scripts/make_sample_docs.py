"""Makes the PDF, DOCX, XLSX and PPTX sample documents, and checks the questions about them.

    python sample_docs/make_samples.py           write the documents next to this file
    python sample_docs/make_samples.py --check   prove questions.jsonl against the documents

Needs reportlab, python-docx, openpyxl and python-pptx; the check also needs pypdfium2.
The HTML, Markdown, TXT, EML and CSV documents are written by hand and are not touched.
Two runs with the same library versions write the same bytes. The company and everybody
in it are invented; the telephone numbers come from the ranges kept free for fiction.
"""

import argparse
import csv
import datetime
import email
import email.policy
import html.parser
import io
import json
import re
import sys
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "sample_docs"
COMPANY = "Harrowmere Instruments"


# --- PDF -------------------------------------------------------------------------------


def write_pdf(path, title, author, language, story_of, footer, front_pages=0):
    """Build one PDF with an outline and a footer; `front_pages` get roman page labels."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

    class Document(BaseDocTemplate):
        def beforeDocument(self):
            self.outline_keys = 0

        def afterFlowable(self, flowable):
            level = getattr(flowable, "outline_level", None)
            if level is None:
                return
            self.outline_keys += 1
            key = f"section-{self.outline_keys}"
            text = flowable.getPlainText()
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(text, key, level, closed=False)
            self.notify("TOCEntry", (level, text, self.page - front_pages, key))

    def build(total):
        def decorate(canvas, document):
            number = document.page
            if number <= front_pages:
                label = "i" * number
                if number == 1:
                    canvas.addPageLabel(0, style="ROMAN_LOWER", start=1)
            else:
                label = str(number - front_pages)
                if front_pages and number == front_pages + 1:
                    canvas.addPageLabel(front_pages, style="ARABIC", start=1)
            canvas.saveState()
            canvas.setStrokeColor(colors.HexColor("#8aa0a8"))
            canvas.line(22 * mm, 16 * mm, 188 * mm, 16 * mm)
            canvas.setFont("Helvetica", 8)
            canvas.setFillColor(colors.HexColor("#44545a"))
            canvas.drawString(22 * mm, 11.5 * mm, title)
            canvas.drawRightString(188 * mm, 11.5 * mm, footer(label, total))
            canvas.restoreState()

        buffer = io.BytesIO()
        document = Document(
            buffer,
            pagesize=A4,
            title=title,
            author=author,
            subject=COMPANY,
            lang=language,
            invariant=1,
            leftMargin=22 * mm,
            rightMargin=22 * mm,
            topMargin=20 * mm,
            bottomMargin=22 * mm,
        )
        frame = Frame(22 * mm, 22 * mm, 166 * mm, 255 * mm, 0, 0, 0, 0)
        document.addPageTemplates(PageTemplate(frames=[frame], onPage=decorate))
        document.multiBuild(story_of())
        return buffer.getvalue(), document.page

    # The footer names the number of pages, which is known only after a first build.
    _, total = build(0)
    data, _ = build(total)
    path.write_bytes(data)


class StagedRun:
    """Collects the flowables of one PDF, so that the texts below read as plain text."""

    def __init__(self, language):
        from reportlab.lib import colors
        from reportlab.lib.styles import ParagraphStyle

        self.language = language
        self.story = []
        dark = colors.HexColor("#17414d")
        body = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=14, spaceAfter=6)
        self.styles = {
            "body": body,
            "cell": ParagraphStyle("cell", parent=body, fontSize=9, leading=11.5, spaceAfter=0),
            "head": ParagraphStyle(
                "head",
                parent=body,
                fontName="Helvetica-Bold",
                fontSize=9,
                leading=11.5,
                textColor=colors.white,
                spaceAfter=0,
            ),
            "bullet": ParagraphStyle("bullet", parent=body, leftIndent=14, bulletIndent=4, spaceAfter=3),
            "note": ParagraphStyle(
                "note",
                parent=body,
                leftIndent=8,
                rightIndent=8,
                borderPadding=6,
                backColor=colors.HexColor("#eef4f5"),
                spaceBefore=8,
                spaceAfter=12,
            ),
            "title": ParagraphStyle(
                "title", parent=body, fontName="Helvetica-Bold", fontSize=22, leading=27, textColor=dark, spaceAfter=4
            ),
            "subtitle": ParagraphStyle("subtitle", parent=body, fontSize=12, leading=16, spaceAfter=12),
            0: ParagraphStyle(
                "h1",
                parent=body,
                fontName="Helvetica-Bold",
                fontSize=14,
                leading=18,
                textColor=dark,
                spaceBefore=12,
                spaceAfter=6,
                keepWithNext=1,
            ),
            1: ParagraphStyle(
                "h2",
                parent=body,
                fontName="Helvetica-Bold",
                fontSize=11,
                leading=15,
                textColor=dark,
                spaceBefore=6,
                spaceAfter=4,
                keepWithNext=1,
            ),
        }

    def text(self, string):
        # French typography: no line may begin with one of these signs.
        if self.language == "fr":
            string = re.sub(r" ([:;!?»])", "\u00a0\\1", string)
            string = string.replace("« ", "«\u00a0")
        return string

    def add(self, style, string):
        from reportlab.platypus import Paragraph

        paragraph = Paragraph(self.text(string), self.styles[style])
        self.story.append(paragraph)
        return paragraph

    def title(self, string, subtitle):
        self.add("title", string)
        self.add("subtitle", subtitle)

    def h1(self, string):
        self.add(0, string).outline_level = 0

    def h2(self, string):
        self.add(1, string).outline_level = 1

    def p(self, *strings):
        for string in strings:
            self.add("body", string)

    def note(self, string):
        self.add("note", string)

    def bullets(self, *strings):
        from reportlab.platypus import Paragraph

        for string in strings:
            self.story.append(Paragraph(self.text(string), self.styles["bullet"], bulletText="\u2022"))
        self.space(4)

    def space(self, points):
        from reportlab.platypus import Spacer

        self.story.append(Spacer(1, points))

    def new_page(self):
        from reportlab.platypus import PageBreak

        self.story.append(PageBreak())

    def contents(self):
        from reportlab.platypus.tableofcontents import TableOfContents

        contents = TableOfContents(dotsMinLevel=0)
        contents.levelStyles = [
            self.styles["body"].clone("toc1", spaceAfter=2),
            self.styles["body"].clone("toc2", leftIndent=14, spaceAfter=0),
        ]
        self.story.append(contents)

    def table(self, widths, header, *rows):
        from reportlab.lib import colors
        from reportlab.lib.units import mm
        from reportlab.platypus import Paragraph, Table

        data = [[Paragraph(self.text(cell), self.styles["head"]) for cell in header]]
        for row in rows:
            data.append([Paragraph(self.text(cell), self.styles["cell"]) for cell in row])
        table = Table(data, colWidths=[width * mm for width in widths], repeatRows=1)
        table.setStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#17414d")),
                ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, colors.HexColor("#f2f6f7")]),
                ("GRID", (0, 0), (-1, -1), 0.5, colors.HexColor("#8aa0a8")),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
        self.story.append(table)
        self.space(10)


def travel_policy_2025():
    d = StagedRun("en")
    d.title("Travel policy 2025", "Harrowmere Instruments Ltd and Harrowmere Instruments France SAS")
    d.table(
        [45, 121],
        ["Document control", ""],
        ["Version", "3.0, in force from 1 January 2025"],
        ["Replaces", "Version 2.2 of 1 February 2024"],
        ["Owner", "Neil Farrant, Finance Director"],
        ["Approved by", "Margaret Oakden, Managing Director, on 9 December 2024"],
        ["Next review", "November 2025"],
        ["Applies to", "All employees of both sites, apprentices, and contractors whose contract says so"],
    )
    d.h1("1 Purpose and scope")
    d.p(
        "We travel to install instruments, to see customers and to work with colleagues at the "
        "other site. This policy says what the company pays, how to book, and how you get your "
        "money back. It applies to every journey made for the company after the date above, "
        "wherever it begins.",
        "Commuting between your home and your usual site is not business travel. Working from "
        "home does not make your home a place of work for the purposes of this policy.",
    )
    d.h2("1.1 What has changed since version 2.2")
    d.bullets(
        "The mileage rate for private cars and all hotel limits have gone up.",
        "The deadline for claims has been shortened.",
        "Bookings now go through Helen Tansley, since Joan Ellerker has retired.",
        "Section 4.3 on long stays is new.",
    )
    d.h2("1.2 Four rules of thumb")
    d.bullets(
        "Ask first whether a video call would do. About one journey in four can be saved.",
        "Take the train wherever the door-to-door time is less than six hours.",
        "Book early, and book through the travel desk.",
        "Spend the company's money as carefully as your own.",
    )
    d.new_page()

    d.h1("2 Approval")
    d.p(
        "Every journey with a night away needs approval before anything is booked. Approval is "
        "given in the expense system; a message or a word in the corridor does not count. The "
        "level depends on the expected cost of the whole journey for one traveller."
    )
    d.table(
        [66, 100],
        ["Expected cost of the journey", "Who approves"],
        ["Up to £500", "Line manager"],
        ["£501 to £2,400", "Department head"],
        ["More than £2,400", "Finance Director"],
        ["Any journey outside Europe", "Managing Director, whatever the cost"],
    )
    d.p(
        "An approver may not approve his or her own journey. If more than four people from the "
        "same department travel together, the department head must be told before the booking, "
        "and no more than two of the three directors may travel in the same vehicle."
    )
    d.h1("3 Booking and means of transport")
    d.h2("3.1 The travel desk")
    d.p(
        "All trains, flights, hotels and hire cars are booked by the travel desk: Helen Tansley, "
        "extension 2140, travel@harrowmere.example.com. The desk is open from Monday to Friday, "
        "08:30 to 16:30. Private bookings are reimbursed only if the desk was closed and the "
        "journey could not wait."
    )
    d.h2("3.2 Trains")
    d.p(
        "Book trains at least ten working days ahead. Standard class is the rule. First class is "
        "allowed when it is cheaper than standard on the same train, or when a single leg is "
        "scheduled to last more than four and a half hours."
    )
    d.h2("3.3 Flights")
    d.p(
        "Book flights at least 21 calendar days ahead. Everybody flies economy. Premium economy "
        "is allowed when the scheduled flight is longer than seven hours; business class is not "
        "reimbursed. One checked bag is paid for stays of three nights or more, or when you carry "
        "demonstration instruments. Parking at the airport is paid up to £72 for each journey."
    )
    d.h2("3.4 Between Sheffield and Grenoble")
    d.p(
        "The usual route is the Manchester to Lyon flight followed by the airport coach to "
        "Grenoble. The train by way of London and Paris is equally welcome, and an extra night in "
        "London or Paris is paid if the connection makes it necessary. Share the Monday and "
        "Thursday minibus to Manchester Airport, which leaves Tilthammer Road at 05:50."
    )
    d.new_page()

    d.h1("4 Hotels and meals")
    d.h2("4.1 Hotel limits")
    d.p(
        "The travel desk books within the limits below. They are for one night in a single room, "
        "breakfast and city tax included. If nothing suitable is free within the limit, the desk "
        "may exceed it by 10% without asking; beyond that your department head decides."
    )
    d.table(
        [62, 34, 35, 35],
        ["Place", "Hotel, per night", "Lunch", "Evening meal"],
        ["London", "£175", "£14", "£32"],
        ["Rest of the United Kingdom", "£118", "£12", "£28"],
        ["Paris", "€190", "€19", "€36"],
        ["Lyon and Grenoble", "€142", "€17", "€31"],
        ["Rest of France", "€126", "€17", "€29"],
        ["Germany, Austria", "€155", "€18", "€34"],
        ["Switzerland", "CHF 215", "CHF 28", "CHF 52"],
        ["Other countries", "Agreed with the travel desk", "€20", "€38"],
    )
    d.h2("4.2 Meals")
    d.p(
        "We pay what you spent, up to the limits in the table; they are ceilings, not allowances. "
        "Lunch is paid only if you are away from your site for more than five hours, and the "
        "evening meal only if you return after 20:00 or stay the night. One alcoholic drink with "
        "the evening meal is accepted."
    )
    d.h2("4.3 Long stays")
    d.p(
        "If you are away for more than five consecutive nights, the company pays for laundry up "
        "to £24 a week, and for one journey home every second weekend. From the fifteenth night "
        "the travel desk looks for a serviced flat instead of a hotel."
    )
    d.h2("4.4 Staying with friends or family")
    d.p(
        "If you stay privately instead of in a hotel, you may claim a flat £27 a night as a "
        "thank-you for your hosts. No receipt is needed; write the place in the claim."
    )
    d.h2("4.5 Entertaining customers")
    d.p(
        "Meals with customers need the names and the company of all guests on the claim. The "
        "ceiling is £48 for each person at the table. Gifts above £40 in value may be neither "
        "given nor accepted."
    )
    d.new_page()

    d.h1("5 Cars")
    d.h2("5.1 Private vehicles")
    d.p(
        "Use your own vehicle when public transport is not practical. Your insurance must cover "
        "business use: show the certificate to accounts payable once a year. The rate covers fuel "
        "or charging, wear and insurance; parking and tolls are paid on top, fines never are."
    )
    d.table(
        [66, 50, 50],
        ["Vehicle", "Employees in Sheffield", "Employees in Grenoble"],
        ["Car, first 10,000 miles or 16,000 km in a year", "45p a mile", "€0.52 a km"],
        ["Car, beyond that distance", "25p a mile", "€0.31 a km"],
        ["Motorcycle", "24p a mile", "€0.30 a km"],
        ["Bicycle", "20p a mile", "€0.25 a km"],
        ["Each colleague carried as a passenger", "5p a mile", "€0.04 a km"],
    )
    d.h2("5.2 Hire cars")
    d.p(
        "Hire cars are for journeys of more than 110 miles in a day, or where you carry heavy "
        "instruments. The class is compact; an estate car may be taken for service visits. "
        "Return the car with a full tank or a battery of at least 80%. Do not buy the extra "
        "damage insurance at the counter: the company is covered under policy CW-70418-H."
    )
    d.h2("5.3 Rest")
    d.p(
        "Take a break of at least 20 minutes after two and a half hours at the wheel. Nobody is "
        "expected to drive more than 300 miles in a day, or to drive home after a working day "
        "that, with the drive, would last more than twelve hours: stay the night."
    )
    d.h2("5.4 Pool vans")
    d.p(
        "Two pool vans stand in Sheffield and one in Grenoble. Reserve them in the shared "
        "calendar. The keys are at reception; the mileage book is in the glove box and must be "
        "filled in after every drive."
    )
    d.new_page()

    d.h1("6 Claims and payment")
    d.h2("6.1 How to claim")
    d.bullets(
        "Enter the claim in the expense system within 30 days of your return. Later claims are not paid.",
        "Attach a receipt for every item above £10 or €12. A card slip alone is not a receipt.",
        "Give your cost centre and the reason for the journey.",
        "Claims in a foreign currency are converted at the rate on the day of the expense.",
    )
    d.p(
        "Claims approved by the 12th of a month are paid with that month's salary. Anything "
        "approved later follows a month after."
    )
    d.h2("6.2 Advances and company cards")
    d.p(
        "Anyone who travels more than eight times a year may ask accounts payable for a company "
        "card. Others may ask for an advance of at most £350, to be requested five working days "
        "before departure and settled with the claim. Cash withdrawals with the company card are "
        "limited to £150 a week."
    )
    d.h2("6.3 Audit")
    d.p(
        "Accounts payable checks one claim in ten in full, drawn at random. Receipts are kept for "
        "seven years in Sheffield and ten years in Grenoble."
    )
    d.h1("7 Safety and emergencies")
    d.p(
        "The company insures all travellers with Calder and Wray Assistance. In an emergency call "
        "the assistance line on 0114 496 0733, at any hour, and quote the group number 5580-HI. "
        "Then tell your line manager. Medical costs are covered without limit in Europe and up to "
        "£2 million elsewhere; luggage is covered up to £1,600."
    )
    d.h1("8 Contacts")
    d.table(
        [56, 60, 50],
        ["Subject", "Person", "Extension"],
        ["Bookings", "Helen Tansley", "2140"],
        ["Claims, Sheffield", "Accounts payable", "2122"],
        ["Claims, Grenoble", "Étienne Rocheblave", "4114"],
        ["Exceptions to this policy", "Neil Farrant", "2118"],
    )
    return d.story


def service_manual():
    d = StagedRun("en")
    d.space(90)
    d.title("HM-200 bench pH meter", "User and service manual")
    d.space(20)
    d.table(
        [45, 121],
        ["About this manual", ""],
        ["Document number", "DOC-0200-EN, revision F"],
        ["Date", "17 January 2025"],
        ["Valid for", "Serial numbers from 24-03100, firmware 2.14 and later"],
        ["Editor", "Dr Ingrid Sollers, Head of Research and Development"],
        ["Publisher", "Harrowmere Instruments Ltd, 14 Tilthammer Road, Sheffield S9 9ZZ"],
    )
    d.note(
        "<b>Warning.</b> Chapters 5 and 6 describe work inside the housing. Only trained service "
        "staff may open the instrument. Unplug the power adapter and wait two minutes first."
    )
    d.new_page()
    d.add("title", "Contents")
    d.space(6)
    d.contents()
    d.new_page()

    d.h1("1 The instrument")
    d.p(
        "The HM-200 measures pH, redox potential and temperature in the laboratory. It is "
        "supplied with a refillable glass electrode (SP-1010), a temperature probe (SP-1022), an "
        "electrode arm, a set of buffers and a power adapter."
    )
    d.h2("1.1 Technical data")
    d.table(
        [58, 108],
        ["Property", "Value"],
        ["pH range", "-2.00 to 16.00 pH"],
        ["pH accuracy", "±0.004 pH, with the electrode calibrated at three points"],
        ["Redox range", "-1,999 to 1,999 mV"],
        ["Redox accuracy", "±0.3 mV"],
        ["Temperature range", "-5.0 to 105.0 °C, Pt1000 sensor"],
        ["Input impedance", "More than 2 x 10<super>12</super> ohm"],
        ["Memory", "2,400 readings with date, time and sample name"],
        ["Interfaces", "USB-C, RS-232 (9600 baud, 8N1), Ethernet"],
        ["Supply", "12 V DC, 1.5 A, centre positive"],
        ["Operating conditions", "5 to 40 °C, up to 85% relative humidity, not condensing"],
        ["Protection", "IP54"],
        ["Dimensions and mass", "235 x 188 x 74 mm, 1.35 kg without the arm"],
    )
    d.h2("1.2 Keys")
    d.p(
        "CAL starts a calibration, MODE changes between pH, mV and temperature, HOLD freezes the "
        "reading, STORE saves it. Holding MODE for three seconds opens the setup menu. The "
        "coloured ring around the display is green when the reading is stable, amber while it "
        "drifts and red when an error is shown."
    )
    d.new_page()

    d.h1("2 Installation")
    d.h2("2.1 Setting up")
    d.bullets(
        "Place the instrument on a level bench, at least 30 cm from stirrers with strong magnets.",
        "Screw the electrode arm into the left or the right socket, hand-tight.",
        "Connect the electrode to the BNC socket marked pH and the probe to the socket marked T.",
        "Connect the adapter. The instrument tests itself for about 12 seconds.",
        "Let the instrument warm up for 15 minutes before the first calibration.",
    )
    d.h2("2.2 Preparing a new electrode")
    d.p(
        "Take off the wetting cap and rinse the electrode with deionised water. Salt crystals on "
        "the cap are normal. Open the filling hole and top up the electrolyte to 5 mm below the "
        "hole. Soak the electrode in storage solution for at least two hours; overnight is better."
    )
    d.h2("2.3 Date, language and user code")
    d.p(
        "Set date and time in the setup menu, page 1. The language can be English, French, German "
        "or Spanish. The setup menu is protected by a user code; on delivery it is 2046. "
        "Three wrong entries lock the menu for ten minutes. If the code has been forgotten, "
        "service can restore it with the serial number."
    )
    d.h1("3 Calibration")
    d.h2("3.1 How often")
    d.p(
        "Calibrate at the start of each working day, after every change of electrode, and whenever "
        "the sample temperature has moved by more than 10 °C since the last calibration. The "
        "instrument can insist on it: setup menu, page 3, reminder after 4 to 96 hours."
    )
    d.h2("3.2 Procedure")
    d.bullets(
        "Press CAL. The display asks for the first buffer.",
        "Rinse the electrode, place it in the buffer of pH 7.00 and stir slowly.",
        "Wait for the green ring and confirm. Repeat with pH 4.01, then with pH 10.01.",
        "Press CAL again to end after two or three points. Up to five points are possible.",
    )
    d.h2("3.3 Judging the result")
    d.table(
        [40, 44, 82],
        ["Slope", "Offset at pH 7", "What to do"],
        ["95 to 102%", "Within ±15 mV", "Good. Continue."],
        ["90 to 94.9%", "Within ±30 mV", "Usable. Clean the electrode soon (section 5.1)."],
        ["Below 90%", "Any", "Calibration is refused. Clean or replace the electrode."],
        ["Above 102%", "Any", "Buffer is contaminated or the wrong one was used. Start again."],
    )
    d.p(
        "Use fresh buffer each time and never pour it back. An opened bottle of pH 10.01 keeps for "
        "four weeks, the other two for three months."
    )
    d.new_page()

    d.h1("4 Measuring and data")
    d.h2("4.1 Taking a reading")
    d.p(
        "Immerse the electrode so that the diaphragm is covered, stir gently and wait for the "
        "green ring. With the setting <i>strict</i> the reading counts as stable when it moves by "
        "less than 0.002 pH in 10 seconds; with <i>standard</i>, by less than 0.01 pH in 6 seconds."
    )
    d.h2("4.2 Storing and exporting")
    d.p(
        "Press STORE to save a reading. When the memory is full, the oldest reading is "
        "overwritten; a warning appears when 100 places are left. Readings are exported as CSV to "
        "a USB stick formatted as FAT32, or sent line by line over RS-232."
    )
    d.h2("4.3 Network")
    d.p(
        "On the Ethernet socket the instrument serves a read-only page on port 8080. It takes its "
        "address by DHCP; a fixed address is set in the setup menu, page 5. The instrument opens no "
        "connection of its own accord."
    )
    d.h1("5 Maintenance")
    d.h2("5.1 Care of the electrode")
    d.table(
        [52, 114],
        ["Contamination", "Cleaning"],
        ["Protein", "Pepsin solution, 5% in 0.1 mol/L HCl, one hour"],
        ["Fat and oil", "Warm water with a little washing-up liquid, then isopropanol for one minute"],
        ["Limescale", "0.1 mol/L HCl, 10 minutes"],
        ["Black diaphragm (silver sulphide)", "Thiourea solution, 7.5% in 0.1 mol/L HCl, until white"],
    )
    d.p(
        "After every cleaning, replace the electrolyte and soak the electrode for one hour. "
        "Between measurements keep it in storage solution (SP-2003, 3 mol/L KCl), never in "
        "deionised water. A refillable electrode lasts 12 to 24 months in normal use."
    )
    d.h2("5.2 Yearly service")
    d.p(
        "Have the instrument serviced every 12 months or after 4,000 hours of operation, whichever "
        "comes first. The service includes a check of the input stage with a pH simulator, "
        "replacement of the backup battery (CR2032) and a new calibration certificate."
    )
    d.h2("5.3 Opening the housing")
    d.p(
        "Remove the six screws in the base with a Torx T10 driver. Lift the upper shell at the "
        "front first: the keypad cable is only 90 mm long. When closing, tighten the screws to "
        "0.6 Nm in the order stamped next to them. The fuse F1 on the main board is rated 2 A, "
        "slow-blow, 5 x 20 mm."
    )
    d.new_page()

    d.h1("6 Error messages")
    d.p(
        "Write down the code before you switch the instrument off. Errors E20 and above are stored "
        "in the service log together with the operating hours."
    )
    d.table(
        [18, 60, 88],
        ["Code", "Meaning", "Remedy"],
        ["E03", "Electrode not connected", "Check the BNC plug; try the shorting cap."],
        ["E05", "Temperature probe open or shorted", "Connect the probe, or enter the temperature by hand."],
        ["E07", "Buffer not recognised", "Check the buffer set in the setup menu, page 2."],
        ["E08", "Reading does not settle within 180 seconds", "Clean the diaphragm, check the electrolyte level."],
        ["E11", "Slope below 90%", "Clean the electrode; replace it if that does not help."],
        ["E14", "Memory full, overwriting switched off", "Export the readings and clear the memory."],
        ["E20", "Backup battery low", "Replace the CR2032 cell; date and time are lost."],
        ["E23", "Checksum error in the calibration data", "Restore the factory calibration, then calibrate."],
        [
            "E27",
            "Input stage out of tolerance",
            "Humidity in the socket: dry at 40 °C for four hours. Otherwise service.",
        ],
        ["E31", "Supply voltage outside 11.2 to 12.8 V", "Use only adapter SP-3105."],
    )
    d.h2("6.1 Restoring the factory settings")
    d.p(
        "Switch off. Hold CAL and STORE together while switching on, until the ring blinks amber "
        "five times. All settings and user calibrations are deleted; stored readings are kept."
    )
    d.h2("6.2 Updating the firmware")
    d.p(
        "Copy the file HM200.BIN to the top folder of a USB stick, insert it and confirm with CAL. "
        "The update takes about four minutes. Do not interrupt the supply: an instrument with a "
        "half-written firmware must be sent to service."
    )
    d.new_page()

    d.h1("7 Spare parts")
    d.p("Prices are in the current price list. Please give the serial number with every order.")
    d.table(
        [30, 96, 40],
        ["Part number", "Description", "Per instrument"],
        ["SP-1010", "pH electrode, glass, refillable, with 1.2 m cable", "1"],
        ["SP-1022", "Temperature probe, Pt1000", "1"],
        ["SP-2003", "Electrode storage solution, 3 mol/L KCl, 500 ml", "As needed"],
        ["SP-2011", "Buffer set, 3 x 250 ml", "As needed"],
        ["SP-3105", "Power adapter, 12 V", "1"],
        ["SP-3120", "Keypad overlay", "1"],
        ["SP-3131", "Main board, calibrated", "1"],
        ["SP-3144", "Set of housing screws and seals", "1 set"],
    )
    d.h1("8 Warranty and support")
    d.h2("8.1 Warranty")
    d.p(
        "The warranty is 36 months for the instrument and six months for electrodes, counted from "
        "the date of the invoice. It ends if the housing has been opened by anyone other than "
        "trained service staff. Spare parts are supplied for at least ten years after a model has "
        "been discontinued."
    )
    d.h2("8.2 Sending an instrument in")
    d.p(
        "Ask for a return number first and write it on the outside of the parcel. Instruments that "
        "have touched hazardous substances need a decontamination statement (form QF-118); "
        "parcels without it are sent back unopened. The usual turnaround is eight working days."
    )
    d.h2("8.3 Technical support")
    d.table(
        [40, 66, 60],
        ["", "Sheffield", "Grenoble"],
        ["Telephone", "0114 496 0175", "04 65 71 41 65"],
        ["E-mail", "support@harrowmere.example.com", "sav@harrowmere.example.com"],
        ["Hours", "Monday to Friday, 08:00 to 17:00", "Monday to Friday, 09:00 to 17:30"],
        ["Languages", "English, German", "French, English, Italian"],
    )
    return d.story


def reglement_interieur():
    d = StagedRun("fr")
    d.title("Règlement intérieur", "Harrowmere Instruments France SAS, 27 rue des Gantières, 38000 Grenoble")
    d.table(
        [52, 114],
        ["Formalités", ""],
        ["Avis du CSE", "Recueilli le 14 novembre 2024"],
        ["Dépôt", "Greffe du conseil de prud’hommes de Grenoble, le 29 novembre 2024"],
        ["Transmission", "Inspection du travail, le 29 novembre 2024"],
        ["Entrée en vigueur", "6 janvier 2025"],
        ["Signataire", "Sylvie Marchandeau, directrice de site"],
        ["Remplace", "Le règlement intérieur du 3 mars 2016"],
    )
    d.h1("Titre I. Dispositions générales")
    d.h2("Article 1. Objet")
    d.p(
        "L’établissement compte moins de cinquante salariés ; le présent règlement y est établi "
        "volontairement. Il fixe les règles de santé et de sécurité, les règles de discipline et "
        "l’échelle des sanctions, et rappelle les droits de la défense des salariés."
    )
    d.h2("Article 2. Champ d’application")
    d.p(
        "Il s’applique à tous les salariés, apprentis et stagiaires, dans les bâtiments A et B, sur "
        "le parking et dans les véhicules de service. Les dispositions de santé et de sécurité "
        "s’appliquent aussi aux intérimaires et au personnel des entreprises extérieures."
    )
    d.h2("Article 3. Affichage et communication")
    d.p(
        "Le règlement est affiché à l’accueil et dans la salle de pause du bâtiment A. Il est remis "
        "à chaque salarié lors de l’embauche, et une traduction anglaise peut être demandée au "
        "service des ressources humaines."
    )
    d.new_page()

    d.h1("Titre II. Temps de travail et présence")
    d.h2("Article 4. Horaires")
    d.p(
        "La durée hebdomadaire est de 37 heures, compensée par 12 jours de réduction du temps de "
        "travail par an. Le personnel des bureaux relève de l’horaire variable, le personnel des "
        "ateliers de l’horaire fixe."
    )
    d.table(
        [56, 55, 55],
        ["Plage", "Bureaux", "Ateliers"],
        ["Arrivée", "7 h 30 à 9 h 30", "7 h 45"],
        ["Présence obligatoire, matin", "9 h 30 à 11 h 45", "7 h 45 à 12 h 00"],
        ["Pause méridienne", "45 minutes au moins", "12 h 00 à 12 h 50"],
        ["Présence obligatoire, après-midi", "14 h 00 à 16 h 15", "12 h 50 à 16 h 15"],
        ["Départ au plus tard", "19 h 00", "16 h 15, vendredi 14 h 55"],
    )
    d.h2("Article 5. Badgeage")
    d.p(
        "Chaque entrée et chaque sortie est enregistrée au moyen du badge personnel. Badger pour "
        "autrui est une faute. La perte du badge est signalée le jour même à l’accueil (poste "
        "4100) ; un badge provisoire est alors remis pour cinq jours."
    )
    d.h2("Article 6. Retards et absences")
    d.p(
        "Tout retard est signalé au responsable avant la prise de poste. Toute absence pour maladie "
        "est signalée avant 9 h 00 et justifiée par un arrêt de travail dans un délai de 48 heures. "
        "Trois retards non justifiés au cours d’un même trimestre peuvent donner lieu à une "
        "sanction."
    )
    d.h2("Article 7. Accès aux locaux")
    d.p(
        "Les locaux sont accessibles de 6 h 45 à 19 h 30. En dehors de ces heures, l’accès est "
        "réservé aux personnes inscrites sur la liste tenue par le responsable de production. Tout "
        "visiteur se présente à l’accueil, reçoit un badge blanc et reste accompagné pendant toute "
        "sa visite."
    )
    d.h2("Article 8. Parking")
    d.p(
        "La vitesse est limitée à 10 km/h. Les quatre places proches de l’entrée sont réservées aux "
        "visiteurs, et les deux places signalées en bleu aux personnes à mobilité réduite. La "
        "société n’est pas responsable des vols commis dans les véhicules."
    )
    d.new_page()

    d.h1("Titre III. Santé et sécurité")
    d.h2("Article 9. Équipements de protection individuelle")
    d.p(
        "Le port des équipements indiqués ci-dessous est obligatoire dès l’entrée dans la zone. Ils "
        "sont fournis et remplacés gratuitement par la société. Tout équipement abîmé est signalé "
        "sans attendre au chef d’équipe."
    )
    d.table(
        [44, 72, 50],
        ["Zone", "Équipements obligatoires", "Contrôle"],
        ["Verrerie (A0.11)", "Lunettes teintées, gants anticoupure, manchettes", "Chaque semaine"],
        ["Optique (A0.14)", "Blouse et chaussures antistatiques, charlotte", "Chaque jour"],
        ["Électronique (A0.16)", "Blouse antistatique, bracelet de mise à la terre", "Chaque jour"],
        ["Laboratoire tampons (A1.07)", "Lunettes, blouse, gants en nitrile", "Chaque mois"],
        ["Magasin et quai (A0.03)", "Chaussures de sécurité, gilet jaune", "Chaque mois"],
    )
    d.h2("Article 10. Produits chimiques")
    d.p(
        "Aucun produit n’est transvasé dans un récipient sans étiquette. Les acides sont rangés dans "
        "l’armoire ventilée du laboratoire, dont la capacité est limitée à 60 litres. Les fiches de "
        "données de sécurité sont consultables dans le classeur rouge, à l’entrée de chaque zone."
    )
    d.h2("Article 11. Alcool, stupéfiants et tabac")
    d.p(
        "Il est interdit d’entrer ou de demeurer dans l’établissement en état d’ivresse. Seuls le "
        "vin, la bière, le cidre et le poiré peuvent être servis, lors de réceptions autorisées par la "
        "direction. Un dépistage par éthylotest peut être proposé aux conducteurs de chariot et aux "
        "salariés de la verrerie ; le salarié peut demander une contre-expertise. Il est interdit de "
        "fumer et de vapoter dans tous les locaux ; un abri est à disposition derrière le bâtiment B."
    )
    d.h2("Article 12. Accident du travail")
    d.p(
        "Tout accident, même sans gravité, est déclaré au responsable dans la journée, et au plus "
        "tard dans les 24 heures. Il est inscrit au registre tenu par Nadège Brissaud. Le "
        "défibrillateur se trouve dans le hall d’accueil du bâtiment A."
    )
    d.h2("Article 13. Incendie et évacuation")
    d.p(
        "Au signal sonore, chacun quitte les locaux sans repasser par son bureau ni utiliser "
        "l’ascenseur. Le point de rassemblement est situé devant le local à vélos. Deux exercices "
        "ont lieu chaque année. Les serre-files portent un brassard orange."
    )
    d.new_page()

    d.h2("Article 14. Droit de retrait")
    d.p(
        "Tout salarié qui a un motif raisonnable de penser que sa situation de travail présente un "
        "danger grave et imminent en avertit aussitôt la direction et peut se retirer de cette "
        "situation. Aucune sanction ne peut être prise contre lui pour ce motif."
    )
    d.h1("Titre IV. Discipline")
    d.h2("Article 15. Matériel et informatique")
    d.p(
        "Le matériel est réservé à l’usage professionnel ; un usage personnel modéré de la messagerie "
        "et du téléphone est toléré. L’outillage peut être emprunté avec un bon signé par le "
        "magasinier, pour trois jours au plus. Les règles de sécurité informatique sont publiées sur "
        "l’intranet."
    )
    d.h2("Article 16. Vestiaires")
    d.p(
        "Chaque salarié des ateliers dispose d’une armoire fermant à clé. Sauf urgence, l’armoire "
        "n’est ouverte qu’en présence de l’intéressé, prévenu au moins 48 heures à l’avance. Les "
        "armoires sont nettoyées deux fois par an, en mars et en septembre."
    )
    d.h2("Article 17. Discrétion")
    d.p(
        "Les plans, les méthodes d’étalonnage et les listes de clients ne quittent pas l’entreprise "
        "sans accord écrit. Les photographies sont interdites dans l’atelier d’optique."
    )
    d.h2("Article 18. Échelle des sanctions")
    d.table(
        [56, 110],
        ["Sanction", "Portée"],
        ["Avertissement écrit", "Versé au dossier, sans incidence sur la rémunération"],
        ["Mise à pied disciplinaire", "De un à six jours ouvrés, sans rémunération"],
        ["Mutation disciplinaire", "Changement de poste, avec l’accord du salarié"],
        ["Rétrogradation", "Classement inférieur, avec l’accord du salarié"],
        ["Licenciement", "Pour faute simple, faute grave ou faute lourde"],
    )
    d.p("Les amendes et autres sanctions pécuniaires sont interdites.")
    d.h2("Article 19. Droits de la défense")
    d.p(
        "Aucun fait fautif ne peut donner lieu à des poursuites disciplinaires plus de deux mois après "
        "que l’employeur en a eu connaissance. Sauf pour un avertissement, le salarié est convoqué par "
        "écrit à un entretien, au cours duquel il peut se faire assister par une personne de son "
        "choix appartenant au personnel. La sanction, motivée, est notifiée au moins deux jours "
        "ouvrables et au plus un mois après l’entretien. Aucune sanction de plus de trois ans ne peut "
        "être invoquée à l’appui d’une nouvelle sanction."
    )
    d.new_page()

    d.h1("Titre V. Respect des personnes")
    d.h2("Article 20. Harcèlement moral et sexuel, agissements sexistes")
    d.p(
        "Aucun salarié ne doit subir des agissements répétés de harcèlement moral qui ont pour objet "
        "ou pour effet une dégradation de ses conditions de travail, ni des faits de harcèlement "
        "sexuel, ni des agissements sexistes. Toute personne qui s’en rend coupable s’expose à une "
        "sanction. Aucune mesure ne peut viser la personne qui les a subis, refusé de les subir, ou "
        "qui en a témoigné de bonne foi.",
        "La référente est Nadège Brissaud (poste 4128, bureau A1.07). Elle reçoit en toute "
        "confidentialité et accuse réception de chaque signalement sous cinq jours ouvrés. L’enquête "
        "interne, menée avec un membre du CSE, dure au plus deux mois.",
    )
    d.h2("Article 21. Lanceurs d’alerte")
    d.p(
        "Les signalements au titre de la protection des lanceurs d’alerte sont adressés à "
        "alerte@harrowmere.example.com, boîte que seule lit la responsable des ressources humaines. "
        "L’auteur reçoit un accusé de réception sous sept jours ouvrés et une réponse motivée dans "
        "les trois mois."
    )
    d.h1("Titre VI. Dispositions finales")
    d.h2("Article 22. Modification")
    d.p(
        "Toute modification suit la même procédure que le présent règlement : consultation du CSE, "
        "dépôt, transmission à l’inspection du travail et affichage. Elle entre en vigueur un mois au "
        "moins après la dernière de ces formalités."
    )
    d.h2("Article 23. Personnes à connaître")
    d.table(
        [66, 60, 40],
        ["Question", "Personne", "Poste"],
        ["Contrat, congés, télétravail", "Aurélie Combaz", "4110"],
        ["Paie", "Mireille Sauzet", "4116"],
        ["Organisation des ateliers", "Bastien Ferrouillat", "4120"],
        ["Harcèlement, registre des accidents", "Nadège Brissaud", "4128"],
        ["CSE", "Hélène Vaujany", "4171"],
    )
    d.p("Fait à Grenoble, le 18 novembre 2024. Sylvie Marchandeau, directrice de site.")
    return d.story


def make_pdfs(folder):
    write_pdf(
        folder / "travel-policy-2025.pdf",
        "Travel policy 2025, version 3.0",
        "Neil Farrant",
        "en",
        travel_policy_2025,
        lambda page, total: f"Page {page} of {total}",
    )
    write_pdf(
        folder / "service-manual-hm200.pdf",
        "HM-200 user and service manual, DOC-0200-EN revision F",
        "Dr Ingrid Sollers",
        "en",
        service_manual,
        lambda page, total: f"Page {page}",
        front_pages=2,
    )
    write_pdf(
        folder / "reglement-interieur.pdf",
        "Règlement intérieur, en vigueur au 6 janvier 2025",
        "Sylvie Marchandeau",
        "fr",
        reglement_interieur,
        lambda page, total: f"Page {page} sur {total}",
    )


# --- Word ------------------------------------------------------------------------------


def set_properties(properties, title, author, language, day):
    properties.title = title
    properties.author = author
    properties.last_modified_by = author
    properties.subject = COMPANY
    properties.language = language
    properties.comments = ""
    properties.keywords = ""
    properties.revision = 1
    properties.created = day
    properties.modified = day


def new_docx(language):
    import docx
    from docx.oxml.ns import qn
    from docx.shared import Pt

    document = docx.Document()
    style = document.styles["Normal"]
    style.font.name = "Calibri"
    style.font.size = Pt(11)
    # Readers take the language of the text from here, not from the core properties.
    defaults = document.styles.element.find(f"./{qn('w:docDefaults')}//{qn('w:lang')}")
    defaults.set(qn("w:val"), language)
    return document


def add_docx_table(document, *rows):
    table = document.add_table(rows=len(rows), cols=len(rows[0]), style="Light Grid Accent 1")
    for index, row in enumerate(rows):
        for column, text in enumerate(row):
            table.cell(index, column).text = text
    document.add_paragraph()


def travel_policy_2024(path):
    d = new_docx("en-GB")
    d.add_heading("Travel policy 2024", 0)
    d.add_paragraph(
        "Harrowmere Instruments Ltd and Harrowmere Instruments France SAS. Version 2.2, in force "
        "from 1 February 2024. Owner: Neil Farrant, Finance Director. Replaces version 2.1 of "
        "1 May 2022."
    )
    d.add_heading("1 Scope", 1)
    d.add_paragraph(
        "This policy covers all business journeys of employees of both sites that begin on or "
        "after 1 February 2024. It stays valid until a newer version is published."
    )
    d.add_heading("2 Approval", 1)
    d.add_paragraph(
        "Journeys with a night away are approved beforehand: up to £400 by the line manager, up "
        "to £2,000 by the department head, above that by the Finance Director."
    )
    d.add_heading("3 Booking", 1)
    d.add_paragraph(
        "Bookings are made by Joan Ellerker at the travel desk, extension 2138. Her deputy is Samir Halloway."
    )
    d.add_paragraph("Trains: at least seven working days ahead, standard class.", "List Bullet")
    d.add_paragraph("Flights: at least 14 calendar days ahead, economy class.", "List Bullet")
    d.add_paragraph("Hire cars: compact class, for more than 90 miles a day.", "List Bullet")
    d.add_heading("4 Hotels and meals", 1)
    d.add_paragraph("The limits are for one night with breakfast. Meals are paid as spent, up to the limit.")
    add_docx_table(
        d,
        ("Place", "Hotel, per night", "Lunch", "Evening meal"),
        ("London", "£160", "£12", "£29"),
        ("Rest of the United Kingdom", "£104", "£10", "£25"),
        ("Paris", "€172", "€17", "€33"),
        ("Rest of France", "€115", "€15", "€27"),
        ("Germany, Austria, Switzerland", "€148", "€17", "€32"),
    )
    d.add_heading("5 Private vehicles", 1)
    d.add_paragraph("The rates below cover fuel, wear and insurance. Parking is paid on top.")
    add_docx_table(
        d,
        ("Vehicle", "Employees in Sheffield", "Employees in Grenoble"),
        ("Car", "41p a mile", "€0.47 a km"),
        ("Motorcycle", "22p a mile", "€0.27 a km"),
        ("Bicycle", "18p a mile", "€0.22 a km"),
    )
    d.add_heading("6 Claims", 1)
    d.add_paragraph(
        "Claims are made on the paper form FF-07 and handed to accounts payable within 60 days of "
        "the return, with a receipt for every item above £5. Advances of up to £250 are possible."
    )
    d.add_heading("7 Pilot: carbon budget", 1)
    d.add_paragraph(
        "During 2024 the sales department tests a carbon budget of 6.5 tonnes of CO2 for all its "
        "flights together. Caroline Pethick, Sales Manager, reports the result in January 2025."
    )
    title = "Travel policy 2024, version 2.2"
    set_properties(d.core_properties, title, "Neil Farrant", "en-GB", datetime.datetime(2024, 1, 22, 10, 0))
    d.save(path)


def accord_teletravail(path):
    d = new_docx("fr-FR")
    d.add_heading("Accord relatif au télétravail", 0)
    d.add_paragraph(
        "Entre Harrowmere Instruments France SAS, 27 rue des Gantières, 38000 Grenoble, "
        "représentée par Sylvie Marchandeau, directrice de site, et les membres titulaires du comité "
        "social et économique, Hélène Vaujany et Rémi Chastagnol. Signé à Grenoble le 18 juin 2024."
    )
    d.add_heading("Article 1. Durée de l’accord", 1)
    d.add_paragraph(
        "L’accord entre en vigueur le 1er septembre 2024 pour une durée de trois ans et cesse de plein "
        "droit le 31 août 2027. Un bilan est présenté chaque année au comité social et économique."
    )
    d.add_heading("Article 2. Salariés éligibles", 1)
    d.add_paragraph(
        "Peuvent télétravailler les salariés qui ont au moins six mois d’ancienneté, travaillent à 80 % "
        "d’un temps plein au minimum et occupent un emploi compatible. Le nombre de jours dépend "
        "du service :"
    )
    add_docx_table(
        d,
        ("Service", "Jours par semaine", "Jour de présence imposé"),
        ("Finance, achats, ressources humaines", "2 jours", "Mardi"),
        ("Recherche et développement", "2 jours", "Jeudi"),
        ("Ventes", "3 jours", "Lundi"),
        ("Qualité", "1 jour", "Mardi et jeudi"),
        ("Service après-vente", "Un jour toutes les deux semaines", "Lundi et vendredi"),
        ("Production, logistique, accueil", "Non éligible", "Sans objet"),
    )
    d.add_paragraph(
        "Les apprentis peuvent télétravailler un jour par semaine à partir du neuvième mois de leur "
        "contrat, avec l’accord du maître d’apprentissage."
    )
    d.add_heading("Article 3. Demande et période d’adaptation", 1)
    d.add_paragraph(
        "La demande est adressée par écrit au responsable, qui répond dans un délai de 21 jours. Un refus "
        "est motivé. Une période d’adaptation de deux mois permet à chacun de revenir sur sa décision "
        "en prévenant l’autre huit jours à l’avance."
    )
    d.add_heading("Article 4. Réversibilité", 1)
    d.add_paragraph(
        "Après la période d’adaptation, le salarié ou le responsable peut mettre fin au télétravail "
        "avec un délai de prévenance d’un mois."
    )
    d.add_heading("Article 5. Lieu", 1)
    d.add_paragraph(
        "Le télétravail s’exerce au domicile déclaré. Un second lieu, en France métropolitaine, peut "
        "être déclaré aux ressources humaines. Le télétravail depuis l’étranger n’est pas autorisé."
    )
    d.add_heading("Article 6. Joignabilité et droit à la déconnexion", 1)
    d.add_paragraph(
        "Le salarié est joignable de 9 h 30 à 11 h 45 et de 14 h 00 à 16 h 15. Aucune réponse n’est "
        "attendue entre 19 h 00 et 7 h 30, ni le week-end."
    )
    d.add_heading("Article 7. Équipement et frais", 1)
    d.add_paragraph(
        "La société fournit un ordinateur portable, un casque et, sur demande, un second écran. Elle "
        "verse une indemnité de 2,70 € par jour télétravaillé, plafonnée à 27 € par mois. Une prime "
        "unique de 160 € aide à l’achat d’un siège ergonomique, sur facture."
    )
    d.add_heading("Article 8. Situations particulières", 1)
    d.add_paragraph(
        "Les salariées enceintes peuvent demander trois jours par semaine à partir du quatrième "
        "mois de grossesse. Les salariés aidants disposent de dix jours supplémentaires par an. En cas "
        "de pic de pollution ou d’intempérie, la direction peut étendre le télétravail à tous les "
        "salariés éligibles."
    )
    d.add_heading("Article 9. Accident", 1)
    d.add_paragraph(
        "L’accident survenu sur le lieu et pendant les heures de télétravail est présumé être un "
        "accident du travail. Il est signalé à Aurélie Combaz dans les 24 heures."
    )
    set_properties(
        d.core_properties,
        "Accord relatif au télétravail",
        "Aurélie Combaz",
        "fr-FR",
        datetime.datetime(2024, 6, 18, 10, 0),
    )
    d.save(path)


# --- Excel -----------------------------------------------------------------------------


def price_list(path):
    import openpyxl
    from openpyxl.styles import Alignment, Font, PatternFill

    workbook = openpyxl.Workbook()
    header = ["Part number", "Description", "List price GBP", "List price EUR"]

    def fill(sheet, title, columns, rows, notes):
        sheet.append([title])
        sheet["A1"].font = Font(bold=True, size=14)
        sheet.append([])
        sheet.append(columns)
        for cell in sheet[3]:
            cell.font = Font(bold=True, color="FFFFFF")
            cell.fill = PatternFill("solid", fgColor="17414D")
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        for row in rows:
            sheet.append(row)
        sheet.append([])
        for note in notes:
            sheet.append([note])
        for letter, width in zip("ABCDEF", (14, 58, 12, 12, 16, 16), strict=True):
            sheet.column_dimensions[letter].width = width
        sheet.freeze_panes = "A4"
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToWidth = 1
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True

    sheet = workbook.active
    sheet.title = "Instruments"
    fill(
        sheet,
        "Price list 2025: instruments. Valid from 3 February 2025 to 30 January 2026.",
        [*header, "Lead time, working days", "Warranty, months"],
        [
            ["HM-200", "Bench pH meter with electrode, probe and arm", 1480, 1725, 10, 36],
            ["HM-200C", "Bench pH and conductivity meter", 1865, 2170, 15, 36],
            ["HM-120", "Portable pH meter with carrying case", 640, 745, 5, 24],
            ["HM-120X", "Portable pH meter for zone 2 hazardous areas", 1135, 1320, 25, 24],
            ["HC-410", "Bench conductivity meter", 1290, 1500, 10, 36],
            ["HC-150", "Portable conductivity meter", 585, 680, 5, 24],
            ["HD-35", "Dissolved oxygen meter, optical sensor", 975, 1135, 8, 24],
            ["HR-60", "Digital refractometer, 1.30 to 1.72 nD", 2340, 2720, 15, 36],
            ["HR-60T", "Digital refractometer with Peltier temperature control", 3985, 4630, 30, 36],
            ["HT-12", "Automatic titrator, one burette", 7450, 8670, 40, 24],
            ["HT-12S", "Sample changer for HT-12, 24 positions", 3260, 3790, 45, 24],
        ],
        [
            "All prices exclude VAT.",
            "Volume discount on instruments: 6% from 5 pieces, 11% from 10 pieces.",
            "Distributors with a contract receive 24%; volume discount is not added to it.",
            "Delivery is free for orders above £900 or €1,050; below that it costs £19 or €24.",
            "Questions: Caroline Pethick, Sales Manager, extension 2151.",
        ],
    )
    sheet = workbook.create_sheet("Spares and services")
    fill(
        sheet,
        "Price list 2025: spare parts, consumables and services",
        [*header, "Unit", "Stock held in"],
        [
            ["SP-1010", "pH electrode, glass, refillable", 96, 112, "piece", "Sheffield"],
            ["SP-1014", "pH electrode, gel, maintenance-free", 78, 91, "piece", "Sheffield"],
            ["SP-1022", "Temperature probe, Pt1000", 64, 75, "piece", "Sheffield"],
            ["SP-2003", "Electrode storage solution, 3 mol/L KCl", 14.5, 17, "500 ml", "Both sites"],
            ["SP-2011", "Buffer set 4.01, 7.00, 10.01", 32.5, 38, "3 x 250 ml", "Both sites"],
            ["SP-3105", "Power adapter, 12 V", 41, 48, "piece", "Sheffield"],
            ["SP-3120", "Keypad overlay for HM-200", 18.5, 22, "piece", "Sheffield"],
            ["SP-3131", "Main board for HM-200, calibrated", 287, 334, "piece", "Sheffield"],
            ["SP-3144", "Housing screws and seals for HM-200", 11.5, 14, "set", "Sheffield"],
            ["SP-4060", "Prism cover for HR-60 and HR-60T", 53, 62, "piece", "Grenoble"],
            ["SP-4072", "Peltier module for HR-60T", 418, 486, "piece", "Grenoble"],
            ["SV-01", "Yearly calibration with certificate, bench instrument", 168, 196, "each", ""],
            ["SV-02", "Yearly calibration with certificate, portable instrument", 127, 148, "each", ""],
            ["SV-05", "Service engineer on site, Great Britain or France", 735, 855, "day", ""],
            ["SV-07", "Warranty extension to five years, HM-200", 212, 247, "each", ""],
            ["SV-09", "Repair estimate, credited if the repair is ordered", 57, 66, "each", ""],
            ["SV-12", "Loan instrument during a repair", 23, 27, "day", ""],
        ],
        [
            "The smallest order for spare parts and consumables is £45 or €52.",
            "Returns of unopened goods within 30 days: restocking fee of 15%.",
        ],
    )
    # openpyxl takes the name of the program for the author unless told otherwise.
    workbook.properties.creator = "Caroline Pethick"
    workbook.properties.title = "Price list 2025"
    workbook.properties.created = datetime.datetime(2025, 1, 20, 9, 0)
    workbook.save(path)


# --- PowerPoint ------------------------------------------------------------------------


def all_staff_meeting(path):
    from pptx import Presentation
    from pptx.util import Cm, Pt

    deck = Presentation()
    deck.slide_width, deck.slide_height = Cm(25.4), Cm(14.29)

    def slide(title, layout=5):
        page = deck.slides.add_slide(deck.slide_layouts[layout])
        page.shapes.title.text = title
        # The default template is drawn for 4:3; its boxes hang below a 16:9 slide.
        page.shapes.title.left, page.shapes.title.top = Cm(1.3), Cm(0.5)
        page.shapes.title.width, page.shapes.title.height = Cm(22.8), Cm(2)
        page.shapes.title.text_frame.paragraphs[0].runs[0].font.size = Pt(30)
        return page

    def bullets(title, lines):
        page = slide(title, 1)
        body = page.placeholders[1]
        body.left, body.top, body.width, body.height = Cm(1.3), Cm(3), Cm(22.8), Cm(10.4)
        for index, line in enumerate(lines):
            frame = body.text_frame
            paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
            paragraph.text = line
            paragraph.runs[0].font.size = Pt(20)

    def table(title, rows, widths):
        page = slide(title)
        width = Cm(sum(widths))
        shape = page.shapes.add_table(len(rows), len(rows[0]), Cm(1.3), Cm(3.2), width, Cm(1.1 * len(rows)))
        for column, centimetres in enumerate(widths):
            shape.table.columns[column].width = Cm(centimetres)
        for index, row in enumerate(rows):
            for column, text in enumerate(row):
                cell = shape.table.cell(index, column)
                cell.text = text
                cell.text_frame.paragraphs[0].runs[0].font.size = Pt(14)
        return page

    first = slide("All-staff meeting, first quarter 2025", 0)
    first.shapes.title.top, first.shapes.title.height = Cm(3.5), Cm(3)
    subtitle = first.placeholders[1]
    subtitle.left, subtitle.top, subtitle.width, subtitle.height = Cm(1.3), Cm(7), Cm(22.8), Cm(4)
    subtitle.text = (
        "Thursday 27 March 2025, 14:00 UK time\nSheffield canteen and Salle Belledonne, Grenoble\n"
        "Margaret Oakden, Managing Director"
    )
    bullets(
        "2024 in figures",
        [
            "Turnover £9.4 million, up 6.3% on 2023",
            "Operating margin 8.1% (2023: 7.4%)",
            "58% of sales outside the United Kingdom",
            "Largest export market: France, followed by Ireland and Italy",
            "Customer complaints: 41, down from 57",
            "Investment: £620,000, mostly the new glass lathe in Grenoble",
        ],
    )
    table(
        "Sales by product family, 2024",
        [
            ("Product family", "Sales", "Change on 2023"),
            ("pH meters", "£3.62 million", "+4.1%"),
            ("Conductivity and oxygen", "£1.74 million", "-2.6%"),
            ("Refractometers", "£1.98 million", "+13.8%"),
            ("Titrators", "£1.21 million", "+9.5%"),
            ("Spares and services", "£0.85 million", "+8.0%"),
        ],
        (9, 6, 6),
    )
    bullets(
        "People",
        [
            "64 employees: 38 in Sheffield, 26 in Grenoble",
            "Dawn Rushby has led customer service since 1 February 2025",
            "Joan Ellerker retired in December after 31 years: thank you, Joan",
            "Staff survey: 83% took part; the lowest score went to meeting rooms",
            "Four apprentices, two at each site",
        ],
    )
    projects = table(
        "Projects in 2025",
        [
            ("Project", "Leader", "Date", "Budget"),
            ("HM-300 pH meter, market launch", "Dr Ingrid Sollers", "15 September 2025", "£410,000"),
            ("New order system, go-live", "Owen Dacres", "1 July 2025", "£185,000"),
            ("Clean bench room, Grenoble", "Bastien Ferrouillat", "20 October 2025", "£96,000"),
            ("ISO 9001 recertification audit", "Françoise Delmastre", "12 November 2025", "£14,000"),
        ],
        (8.6, 5.4, 5, 3.4),
    )
    note = projects.shapes.add_textbox(Cm(1.3), Cm(10.5), Cm(22.8), Cm(2)).text_frame
    note.word_wrap = True
    note.text = "Stock movements are frozen from 27 to 30 June for the change of order system."
    note.paragraphs[0].runs[0].font.size = Pt(16)
    bullets(
        "Targets and profit share",
        [
            "Deliveries on time: 91.8% in 2024, target for 2025: 96%",
            "Warranty returns: 2.4% in 2024, target for 2025: 1.8%",
            "Scrap in the glass workshop: 7.2% in 2024, target for 2025: 5.5%",
            "All three reached: profit share of 3% of yearly salary",
            "Two of the three reached: 1.5%",
            "Paid with the salary of March 2026",
        ],
    )
    bullets(
        "Dates for your diary",
        [
            "Next all-staff meeting: Thursday 26 June 2025",
            "Summer party: Saturday 5 July 2025, Rother Mill boathouse, from 15:00",
            "Open day for schools, Sheffield: 9 October 2025",
            "Winter closure in Sheffield: 24 December 2025 to 2 January 2026",
            "Questions and ideas: ideas@harrowmere.example.com",
        ],
    )
    set_properties(
        deck.core_properties,
        "All-staff meeting, first quarter 2025",
        "Margaret Oakden",
        "en-GB",
        datetime.datetime(2025, 3, 26, 17, 0),
    )
    deck.save(path)


def freeze(path):
    """Write an Office file again with fixed dates, since the libraries put in the clock."""
    with zipfile.ZipFile(path) as archive:
        parts = [(info.filename, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in parts:
            if name == "docProps/core.xml":
                created = re.search(rb"<dcterms:created[^>]*>([^<]*)<", data).group(1)
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + created, data)
            # The library's template brings a preview picture of an empty slide.
            if name == "docProps/thumbnail.jpeg":
                continue
            if name == "_rels/.rels":
                data = re.sub(rb"<Relationship [^>]*thumbnail\.jpeg[^>]*/>", b"", data)
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)


def make_all(folder):
    make_pdfs(folder)
    office = {
        "travel-policy-2024.docx": travel_policy_2024,
        "accord-teletravail-2024.docx": accord_teletravail,
        "price-list-2025.xlsx": price_list,
        "all-staff-meeting-2025-q1.pptx": all_staff_meeting,
    }
    for name, make in office.items():
        make(folder / name)
        freeze(folder / name)


# --- Check -----------------------------------------------------------------------------

PAGES = {
    "travel-policy-2025.pdf": 5,
    "service-manual-hm200.pdf": 7,
    "reglement-interieur.pdf": 5,
    "all-staff-meeting-2025-q1.pptx": 7,
    "price-list-2025.xlsx": 2,
    "travel-policy-2024.docx": 1,
    "accord-teletravail-2024.docx": 1,
    "onboarding-guide-sheffield.md": 10,
    "it-helpdesk.html": 9,
    "amendment-1-travel-policy.eml": 1,
    "compte-rendu-cse-2025-03.txt": 1,
    "annuaire-grenoble.csv": 1,
}


def html_text(markup):
    pieces = []
    parser = html.parser.HTMLParser()
    parser.handle_data = pieces.append
    parser.feed(markup)
    return " ".join(pieces)


def pages_of(path):
    """The text of each page (slide, sheet, section) of one document."""
    kind = path.suffix
    if kind == ".pdf":
        import pypdfium2

        document = pypdfium2.PdfDocument(path)
        return [page.get_textpage().get_text_bounded() for page in document]
    if kind == ".docx":
        import docx

        document = docx.Document(path)
        lines = [paragraph.text for paragraph in document.paragraphs]
        for table in document.tables:
            lines += [" | ".join(cell.text for cell in row.cells) for row in table.rows]
        return ["\n".join(lines)]
    if kind == ".xlsx":
        import openpyxl

        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
        return [
            "\n".join(
                " | ".join("" if value is None else str(value) for value in row)
                for row in sheet.iter_rows(values_only=True)
            )
            for sheet in workbook.worksheets
        ]
    if kind == ".pptx":
        from pptx import Presentation

        pages = []
        for slide in Presentation(path).slides:
            lines = []
            for shape in slide.shapes:
                if shape.has_text_frame:
                    lines.append(shape.text_frame.text)
                if shape.has_table:
                    lines += [" | ".join(cell.text for cell in row.cells) for row in shape.table.rows]
            pages.append("\n".join(lines))
        return pages
    if kind == ".eml":
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        return [f"{message['Subject']}\n{message['Date']}\n{message.get_content()}"]
    text = path.read_text(encoding="utf-8")
    if kind == ".md":
        return re.split(r"\n(?=## )", text)
    if kind == ".html":
        return [re.sub(r"\s+", " ", html_text(section)) for section in re.split("(?=<h2)", text)]
    if kind == ".csv":
        rows = list(csv.reader(io.StringIO(text), delimiter=";"))
        if len({len(row) for row in rows}) != 1:
            raise ValueError(f"{path.name}: rows of unequal length")
        text = "\n".join(" | ".join(row) for row in rows)
    return [text]


def problems_with_pdf(path, count):
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    if len(document) != count:
        yield f"{path.name}: {len(document)} pages, expected {count}"
    if not list(document.get_toc()):
        yield f"{path.name}: no outline"
    if path.name == "service-manual-hm200.pdf":
        labels = [document.get_page_label(index) for index in range(count)]
        if labels[:3] != ["i", "ii", "1"]:
            yield f"{path.name}: page labels {labels}"


def problems_with_question(question, texts):
    name = question["id"]
    if not question["answerable"]:
        if question["answers"] or "document" in question:
            yield f"{name}: unanswerable, yet it names an answer or a document"
        return
    if question["document"] not in texts:
        yield f"{name}: no document {question['document']}"
        return
    pages = texts[question["document"]]
    for page in question["pages"]:
        if not 1 <= page <= len(pages):
            yield f"{name}: no page {page} in {question['document']}"
        elif question["answers"][0].casefold() not in pages[page - 1].casefold():
            yield f"{name}: '{question['answers'][0]}' not on page {page} of {question['document']}"


def check(folder):
    texts = {name: pages_of(folder / name) for name in PAGES}
    lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines]
    problems = []
    for name, count in PAGES.items():
        if name.endswith(".pdf"):
            problems += problems_with_pdf(folder / name, count)
        elif len(texts[name]) != count:
            problems.append(f"{name}: {len(texts[name])} pages, expected {count}")
        asked = sum(question.get("document") == name for question in questions)
        if asked < 2:
            problems.append(f"{name}: {asked} questions, expected at least 2")
    for question in questions:
        problems += problems_with_question(question, texts)
    if len({question["id"] for question in questions}) != len(questions):
        problems.append("questions.jsonl: an id occurs twice")
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    if size >= 1_000_000:
        problems.append(f"the folder holds {size} bytes")

    answerable = [question for question in questions if question["answerable"]]
    french = [question for question in questions if question["language"] == "fr"]
    for problem in problems:
        print(problem)
    print(
        f"{len(PAGES)} documents, {size // 1000} kB; {len(questions)} questions, "
        f"{len(answerable)} answerable, {len(french)} in French; {len(problems)} problems"
    )
    return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="check, write nothing")
    if parser.parse_args().check:
        return check(FOLDER)
    make_all(FOLDER)
    return 0


if __name__ == "__main__":
    sys.exit(main())
