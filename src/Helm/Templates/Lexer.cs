namespace Dpf.Helm.Templates;

/// <summary>Cuts a template into tokens, trims what <c>{{-</c> and <c>-}}</c> say and drops comments.</summary>
internal sealed class Lexer
{
    private static readonly HashSet<string> Keywords =
        ["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"];

    private readonly string _name;
    private readonly string _text;
    private readonly List<Token> _tokens = [];
    private int _at;
    private int _line = 1;

    private Lexer(string name, string text)
    {
        _name = name;
        _text = text;
    }

    /// <summary>All tokens, ending with <see cref="TokenKind.End"/>.</summary>
    public static IReadOnlyList<Token> Tokenize(string name, string text)
    {
        var lexer = new Lexer(name, text);
        lexer.Run();
        return lexer._tokens;
    }

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\n';

    private static bool IsAlphanumeric(char c) => c == '_' || char.IsLetterOrDigit(c) || char.IsSurrogate(c);

    private void Run()
    {
        var trim = false;
        while (true)
        {
            var open = _text.IndexOf("{{", _at, StringComparison.Ordinal);
            var end = open < 0 ? _text.Length : open;
            var trimEnd = open >= 0 && HasLeftTrim(open);
            Text(end, trim, trimEnd);
            if (open < 0)
            {
                _tokens.Add(new Token(TokenKind.End, _at, _line, ""));
                return;
            }

            trim = Action(open, trimEnd);
        }
    }

    private bool HasLeftTrim(int open) =>
        open + 3 < _text.Length && _text[open + 2] == '-' && IsSpace(_text[open + 3]);

    private void Text(int end, bool trimStart, bool trimEnd)
    {
        var (first, last) = (_at, end);
        while (trimStart && first < last && IsSpace(_text[first]))
        {
            first++;
        }

        while (trimEnd && last > first && IsSpace(_text[last - 1]))
        {
            last--;
        }

        CountLines(_at, first);
        if (last > first)
        {
            _tokens.Add(new Token(TokenKind.Text, first, _line, _text[first..last]));
        }

        CountLines(first, end);
        _at = end;
    }

    // Returns whether the text that follows is trimmed.
    private bool Action(int open, bool leftTrim)
    {
        var start = open + 2 + (leftTrim ? 2 : 0);
        if (leftTrim)
        {
            CountLines(open + 2, start);
        }

        if (string.CompareOrdinal(_text, start, "/*", 0, 2) == 0)
        {
            return Comment(start);
        }

        _tokens.Add(new Token(TokenKind.Left, open, _line, "{{"));
        var startLine = _line;
        _at = start;
        var depth = 0;
        while (true)
        {
            if (AtRight(out var right))
            {
                if (depth > 0)
                {
                    throw Error("unclosed left paren");
                }

                if (right == 4)
                {
                    CountLines(_at, _at + 1);
                }

                _tokens.Add(new Token(TokenKind.Right, _at, _line, "}}"));
                _at += right;
                return right == 4;
            }

            if (_at >= _text.Length)
            {
                throw Error(startLine == _line ? "unclosed action" : $"unclosed action started at {_name}:{startLine}");
            }

            depth += Inside();
            if (depth < 0)
            {
                throw Error("unexpected right paren");
            }
        }
    }

    private bool AtRight(out int length)
    {
        length = 0;
        if (string.CompareOrdinal(_text, _at, "}}", 0, 2) == 0)
        {
            length = 2;
        }
        else if (_at < _text.Length && IsSpace(_text[_at]) && string.CompareOrdinal(_text, _at + 1, "-}}", 0, 3) == 0)
        {
            length = 4;
        }

        return length > 0;
    }

    private bool Comment(int start)
    {
        var close = _text.IndexOf("*/", start + 2, StringComparison.Ordinal);
        if (close < 0)
        {
            throw Error("unclosed comment");
        }

        CountLines(start, close);
        _at = close + 2;
        if (!AtRight(out var right))
        {
            throw Error("comment ends before closing delimiter");
        }

        CountLines(_at, _at + right);
        _at += right;
        return right == 4;
    }

    // Reads one token inside an action; returns the change of depth of parentheses.
    private int Inside()
    {
        var c = _text[_at];
        switch (c)
        {
            case ' ' or '\t' or '\r' or '\n':
                Space();
                return 0;
            case '"':
                Quoted();
                return 0;
            case '`':
                Raw();
                return 0;
            case '\'':
                CharConstant();
                return 0;
            case '(':
                Add(TokenKind.LeftParen, 1);
                return 1;
            case ')':
                Add(TokenKind.RightParen, 1);
                return -1;
            case '|':
                Add(TokenKind.Pipe, 1);
                return 0;
            case ',':
                Add(TokenKind.Comma, 1);
                return 0;
            case ':' when Peek(1) == '=':
                Add(TokenKind.Declare, 2);
                return 0;
            case ':':
                throw Error("expected :=");
            case '=':
                Add(TokenKind.Assign, 1);
                return 0;
            case '$':
                Word(TokenKind.Variable);
                return 0;
            case '.' when !char.IsAsciiDigit(Peek(1)):
                Word(TokenKind.Field);
                return 0;
            case '+' or '-' or '.' or (>= '0' and <= '9'):
                Number();
                return 0;
            default:
                if (IsAlphanumeric(c))
                {
                    Word(TokenKind.Identifier);
                }
                else if (c < 128 && !char.IsControl(c))
                {
                    Add(TokenKind.Char, 1);
                }
                else
                {
                    throw Error($"unrecognized character in action: U+{(int)c:X4} '{c}'");
                }

                return 0;
        }
    }

    private void Space()
    {
        var end = _at;
        while (end < _text.Length && IsSpace(_text[end]))
        {
            // The last space may belong to the right delimiter.
            if (end > _at && string.CompareOrdinal(_text, end + 1, "-}}", 0, 3) == 0)
            {
                break;
            }

            end++;
        }

        _tokens.Add(new Token(TokenKind.Space, _at, _line, _text[_at..end]));
        CountLines(_at, end);
        _at = end;
    }

    private void Word(TokenKind kind)
    {
        var end = _at + 1;
        while (end < _text.Length && IsAlphanumeric(_text[end]))
        {
            end++;
        }

        if (end < _text.Length && !IsSpace(_text[end]) && !".,|:)(".Contains(_text[end], StringComparison.Ordinal) &&
            string.CompareOrdinal(_text, end, "}}", 0, 2) != 0)
        {
            throw Error($"bad character U+{(int)_text[end]:X4} '{_text[end]}'");
        }

        var word = _text[_at..end];
        kind = (kind, word) switch
        {
            (TokenKind.Field, ".") => TokenKind.Dot,
            (TokenKind.Identifier, "true" or "false") => TokenKind.Bool,
            (TokenKind.Identifier, "nil") => TokenKind.Nil,
            (TokenKind.Identifier, _) when Keywords.Contains(word) => TokenKind.Keyword,
            _ => kind,
        };
        _tokens.Add(new Token(kind, _at, _line, word));
        _at = end;
    }

    private void Number()
    {
        var end = _at;
        if (_text[end] is '+' or '-')
        {
            end++;
        }

        while (end < _text.Length && (IsAlphanumeric(_text[end]) || _text[end] == '.' ||
            (_text[end] is '+' or '-' && _text[end - 1] is 'e' or 'E' or 'p' or 'P')))
        {
            end++;
        }

        if (end == _at + 1 && _text[_at] is '+' or '-')
        {
            throw Error($"bad number syntax: {GoText.Quote(_text[_at..end])}");
        }

        Add(TokenKind.Number, end - _at);
    }

    private void Quoted()
    {
        var end = _at + 1;
        while (true)
        {
            if (end >= _text.Length || _text[end] == '\n')
            {
                throw Error("unterminated quoted string");
            }

            if (_text[end] == '"')
            {
                break;
            }

            end += _text[end] == '\\' ? 2 : 1;
        }

        Add(TokenKind.String, end + 1 - _at);
    }

    private void Raw()
    {
        var end = _text.IndexOf('`', _at + 1);
        if (end < 0)
        {
            throw Error("unterminated raw quoted string");
        }

        var (start, line) = (_at, _line);
        CountLines(_at, end);
        _tokens.Add(new Token(TokenKind.RawString, start, line, _text[start..(end + 1)]));
        _at = end + 1;
    }

    private void CharConstant()
    {
        var end = _at + 1;
        while (end < _text.Length && _text[end] != '\'' && _text[end] != '\n')
        {
            end += _text[end] == '\\' ? 2 : 1;
        }

        if (end >= _text.Length || _text[end] == '\n')
        {
            throw Error("unterminated character constant");
        }

        Add(TokenKind.CharConstant, end + 1 - _at);
    }

    private void Add(TokenKind kind, int length)
    {
        _tokens.Add(new Token(kind, _at, _line, _text.Substring(_at, length)));
        _at += length;
    }

    private char Peek(int offset) => _at + offset < _text.Length ? _text[_at + offset] : '\0';

    private void CountLines(int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            if (_text[i] == '\n')
            {
                _line++;
            }
        }
    }

    private TemplateParseException Error(string reason) => new(_name, _line, reason);
}
