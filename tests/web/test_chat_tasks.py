# what programs write stands here as they write it
# ruff: noqa: E501
"""Titles, tags and the like are told from a person's questions by their form, and answered from the conversation."""

import json

import pytest
from openaikit import chunks, openai_client, streamed_text

from ragapp.web.api_shapes import ChatMessage
from ragapp.web.chat_tasks import chat_task, title_of

QUESTION = "What is the notice period for trainees in the 2025 contract?"
REPLY = "Two weeks. [1]\n\n[1] trainee_contract-2025.pdf, p. 4: “a notice of two weeks”"
# as Open WebUI, LibreChat, LobeChat, Chatbox, NextChat and Cherry Studio write them
HISTORY = f"<chat_history>\nUSER: {QUESTION}\nASSISTANT: {REPLY}\n</chat_history>"


def webui(what, output, closing=""):
    return [("user", f"### Task:\n{what}\n### Output:\n{output}\n### Chat History:\n{HISTORY}{closing}")]


SPOKEN = f"User: {QUESTION}\nAI: {REPLY}"
TITLE = "Notice period for trainees in the 2025 contract"
TASKS = {
    "Open WebUI, title": (
        webui("Generate a concise title summarizing the chat history.", 'JSON format: { "title": "your title here" }'),
        {"title": TITLE},
    ),
    "Open WebUI, title before JSON": (
        webui("Generate a concise, 3-5 word title with an emoji summarizing the chat history.", "Only the title."),
        TITLE,
    ),
    "Open WebUI, title in own words": (
        [("user", f'Erfinde einen Titel. Antworte als {{"title": "…"}}.\n{HISTORY}')],
        {"title": TITLE},
    ),
    "Open WebUI, tags": (
        webui("Generate 1-3 broad tags categorizing the main themes.", 'JSON format: { "tags": ["tag1", "tag2"] }'),
        {"tags": ["trainee contract 2025"]},
    ),
    "Open WebUI, follow-ups": (
        webui("Suggest 3-5 relevant follow-up questions.", 'JSON format: { "follow_ups": ["Question 1?"] }'),
        {"follow_ups": []},
    ),
    "Open WebUI, queries": (
        webui("Analyze the chat history.", 'Strictly return in JSON format: \n{\n  "queries": ["query1"]\n}', "\n"),
        {"queries": [QUESTION]},
    ),
    "Open WebUI, picture": (
        webui("Generate a detailed prompt for am image generation task.", '{\n    "prompt": "Your description."\n}'),
        {"prompt": QUESTION},
    ),
    "Open WebUI, autocompletion": (
        [
            (
                "user",
                "### Task:\nYou are an autocompletion system. Continue the text in `<text>`.\n### **Output Rules**:\n"
                f'- `{{ "text": "…" }}`.\n{HISTORY}\n<type>search query</type>  \n<text>How lo</text>  \n#### Output:\n',
            )
        ],
        {"text": ""},
    ),
    "Open WebUI, emoji": (
        [
            (
                "user",
                "Your task is to reflect the speaker's likely facial expression through a fitting emoji. Interpret "
                f"emotions from the message.\n\nMessage: ```{QUESTION}```",
            )
        ],
        "🤔",
    ),
    "Open WebUI, tools": (
        [
            (
                "system",
                "Available Tools: [{}]\n\nYour task is to choose and return the correct tool(s) from the list of "
                'available tools based on the query. Follow these guidelines:\n\n{"tool_calls": []}',
            ),
            ("user", f'Query: History:\nUSER: """{QUESTION}"""\nQuery: {QUESTION}'),
        ],
        {"tool_calls": []},
    ),
    "LibreChat": (
        [
            (
                "user",
                "Provide a concise, 5-word-or-less title for the conversation, using title case conventions. Only return "
                f"the title itself.\n\nConversation:\n{SPOKEN}",
            )
        ],
        TITLE,
    ),
    "LibreChat, earlier": (
        [
            (
                "system",
                "Please generate a concise, 5-word-or-less title for the conversation, using its same language, with no "
                "punctuation. Apply title case conventions appropriate for the language. Never directly mention the "
                f'language name or the word "title"\n\n||>User:\n"{QUESTION}"\n||>Response:\n"{REPLY}"\n\n||>Title:',
            )
        ],
        TITLE,
    ),
    "LibreChat, structured": (
        [
            (
                "user",
                "Analyze this conversation and provide:\n1. The detected language of the conversation\n2. A concise title "
                f"in the detected language (5 words or less, no punctuation or quotation)\n\n{SPOKEN}",
            )
        ],
        TITLE,
    ),
    "LobeChat": (
        [
            (
                "system",
                "You are a professional conversation summarizer. Generate a concise title that captures the essence of "
                "the conversation.\n\nRules:\n- Output ONLY the title text",
            ),
            ("user", f"user: {QUESTION}\nassistant: {REPLY}"),
        ],
        TITLE,
    ),
    "LobeChat, earlier": (
        [
            ("system", "你是一名擅长会话的助理，你需要将用户的会话总结为 10 个字以内的标题"),
            ("user", f"user: {QUESTION}\nassistant: {REPLY}\n\n请总结上述对话为10个字以内的标题"),
        ],
        TITLE,
    ),
    "Chatbox": (
        [
            (
                "user",
                "Name the conversation based on the chat records.\nYou only need to answer with the name.\nThe following is "
                f"the conversation:\n\n```\nYou are a helpful assistant.\n\n---------\n\n{QUESTION}\n\n---------\n\n{REPLY}"
                "\n```\n\nYou only need to answer with the name.\nThe conversation is named:",
            )
        ],
        TITLE,
    ),
    "NextChat": (
        [
            ("user", QUESTION),
            ("assistant", REPLY),
            (
                "user",
                "Please generate a four to five word title summarizing our conversation without any lead-in, punctuation, "
                "quotation marks, periods, symbols, bold text, or additional text. Remove enclosing quotation marks.",
            ),
        ],
        TITLE,
    ),
    "NextChat, memory": (
        [
            ("user", QUESTION),
            ("assistant", "Two\nweeks."),
            ("system", "Summarize the discussion briefly in 200 words or less to use as a prompt for future context."),
        ],
        f"User: {QUESTION}\nAssistant: Two weeks.",
    ),
    "Cherry Studio": (
        [
            (
                "system",
                "You are an assistant skilled in conversation. You need to summarize the user's conversation into a title "
                "within 10 words. The language of the title should be that of the user.",
            ),
            ("user", json.dumps([{"role": "user", "mainText": QUESTION}, {"role": "assistant", "mainText": REPLY}])),
        ],
        TITLE,
    ),
}


@pytest.mark.parametrize("name", TASKS)
def test_tasks_are_answered_from_the_conversation(name):
    messages, wanted = TASKS[name]
    client, asked = openai_client()
    body = {"messages": [{"role": role, "content": text} for role, text in messages], "max_completion_tokens": 1000}
    whole = client.post("/v1/chat/completions", json=body).json()
    text = whole["choices"][0]["message"]["content"]
    assert text
    assert (json.loads(text) if isinstance(wanted, dict) else text) == wanted
    stream = client.post(
        "/v1/chat/completions", json={**body, "stream": True, "stream_options": {"include_usage": True}}
    )
    assert streamed_text(stream.text) == text
    assert chunks(stream.text)[-1]["usage"]["total_tokens"] == 0
    assert stream.text.endswith("data: [DONE]\n\n")
    assert not asked
    # a model's own instructions before it change nothing where the task is the only message of a person
    if len(messages) == 1 and messages[0][0] == "user":
        body["messages"].insert(0, {"role": "system", "content": "You are kind."})
        assert client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"] == text


QUESTIONS = [
    "Generate a concise title for the report on tags.",
    "What does the follow_ups field mean in the API handbook?",
    "### Task:\nSummarise chapter 3 of the handbook.",
    'Which JSON format is used: { "title": "…" } or { "tags": [] }?',
    "Name the conversation based on the chat records.",
    "Provide a concise, 5-word-or-less title for the conversation, using title case conventions.",
    "What is a <chat_history> block?",
    "What is written between <chat_history> and </chat_history>?",
    "Explain this: <chat_history>USER: hello</chat_history> in our templates",
    "Please generate a four to five word title summarizing our conversation",
    "Which available tools are there, and what is my task?",
    "You are an autocompletion system. What does the manual say about that?",
    "Your task is to reflect the speaker's likely facial expression through a fitting emoji.",
    "Summarize the discussion briefly in 200 words or less",
    "你是一名擅长会话的助理吗",
]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("before", [[], [("system", "You are a professional assistant. Generate titles.")]])
def test_a_persons_question_is_no_task(question, before):
    messages = [ChatMessage(role=role, content=text) for role, text in [*before, ("user", question)]]
    assert chat_task(messages) is None
    said = [ChatMessage(role="user", content=QUESTION), ChatMessage(role="assistant", content=REPLY)]
    assert chat_task([*said, *messages]) is None


def test_a_title_in_the_form_of_a_schema():
    schema = {"type": "object", "properties": {"language": {"type": "string"}, "title": {"type": "string"}}}
    messages, _ = TASKS["LibreChat, structured"]
    body = {
        "messages": [{"role": role, "content": text} for role, text in messages],
        "response_format": {"type": "json_schema", "json_schema": {"name": "t", "schema": schema}},
    }
    client, _ = openai_client()
    text = client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]
    assert json.loads(text) == {"language": "", "title": TITLE}


RAG = (
    "### Task:\nRespond to the user query using the provided context, incorporating inline citations in the format [id].\n\n"
    '<context>\n<source id="1" name="a.md">Ask: what is a <b>?</source>\n</context>\n\n'
)


@pytest.mark.parametrize("wrapped", [f"{RAG}{QUESTION}", f"{RAG}<user_query>\n{QUESTION}\n</user_query>\n"])
def test_what_a_program_puts_around_a_question_is_taken_off(wrapped):
    client, asked = openai_client()
    said = [{"role": "user", "content": wrapped}, {"role": "assistant", "content": REPLY}]
    body = {"messages": [*said, {"role": "user", "content": wrapped}]}
    assert client.post("/v1/chat/completions", json=body).status_code == 200
    assert asked == [(QUESTION, ((QUESTION, "Two weeks. [1]"),))]


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("Where do claims go?", "Where do claims go"),
        ("Hello, can you tell me what is the mileage rate for cars?", "Mileage rate for cars"),
        ("Quel est le délai de préavis d'un stagiaire ?", "Délai de préavis d'un stagiaire"),
        ("Was ist die Kündigungsfrist?", "Kündigungsfrist"),
        ("¿Cuál es el plazo de preaviso?", "Plazo de preaviso"),
        ("Qual è l'importo massimo?", "Importo massimo"),
        ("Wat is de opzegtermijn?", "Opzegtermijn"),
        ("**HM-200**", "HM-200"),
        ("What is it?", "What is it"),
        (
            "How many days of holiday do employees get who work four days a week in the Brno office of the company?",
            "How many days of holiday do employees get who work",
        ),
        ("x" * 200, "X" + "x" * 49),
        ("出張の宿泊費の上限はいくらですか？", "出張の宿泊費の上限はいくらですか"),
        (
            "First sentence about the budget. And then a second one that goes on and on.",
            "First sentence about the budget",
        ),
        ("", ""),
    ],
)
def test_titles(question, title):
    assert title_of(question) == title
