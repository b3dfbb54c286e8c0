namespace Dpf.Helm.Templates;

/// <summary>Go's template grammar.</summary>
internal sealed partial class Parser
{
    private readonly string _name;
    private readonly string _text;
    private readonly IReadOnlyList<Token> _tokens;
    private readonly Func<string, bool> _isFunction;
    private readonly List<ParsedTemplate> _defined = [];
    private readonly List<string> _variables = ["$"];
    private int _at;
    private int _rangeDepth;

    private Parser(string name, string text, Func<string, bool> isFunction)
    {
        _name = name;
        _text = text;
        _isFunction = isFunction;
        _tokens = Lexer.Tokenize(name, text);
    }

    /// <summary>Parses a file: its defines, then itself as the last.</summary>
    /// <exception cref="TemplateParseException">It is not a template.</exception>
    public static IReadOnlyList<ParsedTemplate> Parse(string name, string text, Func<string, bool> isFunction)
    {
        var parser = new Parser(name, text, isFunction);
        var root = parser.TopLevel();
        parser.Define(new ParsedTemplate(name, name, text, root));
        return parser._defined;
    }

    private Token Current => _tokens[_at];

    private Token Next() => _tokens[_at++];

    private Token NextNonSpace()
    {
        SkipSpace();
        return Next();
    }

    private Token PeekNonSpace()
    {
        SkipSpace();
        return Current;
    }

    private void SkipSpace()
    {
        while (Current.Kind == TokenKind.Space)
        {
            _at++;
        }
    }

    private void Define(ParsedTemplate template)
    {
        var known = _defined.FindIndex(t => t.Name == template.Name);
        if (known < 0)
        {
            _defined.Add(template);
        }
        else if (_defined[known].IsBlank)
        {
            _defined.RemoveAt(known);
            _defined.Add(template);
        }
        else if (!template.IsBlank)
        {
            throw Error($"template: multiple definition of template {GoText.Quote(template.Name)}");
        }
    }

    private ListNode TopLevel()
    {
        var nodes = new List<Node>();
        while (Current.Kind != TokenKind.End)
        {
            if (Current.Kind == TokenKind.Left)
            {
                var back = _at;
                Next();
                if (PeekNonSpace() is { Kind: TokenKind.Keyword, Text: "define" })
                {
                    Next();
                    Definition();
                    continue;
                }

                _at = back;
            }

            var node = TextOrAction();
            if (node is End or Else)
            {
                throw Error($"unexpected {node}");
            }

            nodes.Add(node);
        }

        return new ListNode(0, nodes);
    }

    private void Definition()
    {
        var name = NextNonSpace();
        if (name.Kind is not (TokenKind.String or TokenKind.RawString))
        {
            throw Unexpected(name, "define clause");
        }

        Expect(TokenKind.Right, "define clause");
        var outer = _variables.ToArray();
        var outerRange = _rangeDepth;
        _rangeDepth = 0;
        _variables.RemoveRange(1, _variables.Count - 1);
        var (body, end) = ItemList();
        if (end is not End)
        {
            throw Error($"unexpected {end} in define clause");
        }

        _variables.Clear();
        _variables.AddRange(outer);
        _rangeDepth = outerRange;
        Define(new ParsedTemplate(Unquote(name), _name, _text, body));
    }

    private (ListNode List, Node End) ItemList()
    {
        var position = Current.Position;
        var nodes = new List<Node>();
        while (Current.Kind != TokenKind.End)
        {
            var node = TextOrAction();
            if (node is End or Else)
            {
                return (new ListNode(position, nodes), node);
            }

            nodes.Add(node);
        }

        throw Error("unexpected EOF");
    }

    private Node TextOrAction()
    {
        var token = Next();
        return token.Kind switch
        {
            TokenKind.Text => new TextNode(token.Position, token.Text),
            TokenKind.Left => Action(),
            _ => throw Unexpected(token, "input"),
        };
    }

    private Node Action()
    {
        var token = PeekNonSpace();
        if (token.Kind != TokenKind.Keyword)
        {
            return new ActionNode(token.Position, Pipeline("command", TokenKind.Right));
        }

        Next();
        switch (token.Text)
        {
            case "if":
                return Branch(token, BranchKind.If);
            case "with":
                return Branch(token, BranchKind.With);
            case "range":
                return Branch(token, BranchKind.Range);
            case "end":
                Expect(TokenKind.Right, "end");
                return new End(token.Position);
            case "else":
                return ElseControl(token);
            case "template":
                return Template();
            case "block":
                return Block();
            case "break" or "continue":
                Expect(TokenKind.Right, "{{" + token.Text + "}}");
                if (_rangeDepth == 0)
                {
                    throw Error($"{{{{{token.Text}}}}} outside {{{{range}}}}");
                }

                return token.Text == "break" ? new BreakNode(token.Position) : new ContinueNode(token.Position);
            default:
                throw Unexpected(token, "command");
        }
    }

    private Else ElseControl(Token token)
    {
        var peek = PeekNonSpace();
        if (peek is { Kind: TokenKind.Keyword, Text: "if" or "with" })
        {
            return new Else(token.Position, peek.Text);
        }

        Expect(TokenKind.Right, "else");
        return new Else(token.Position, null);
    }

    private BranchNode Branch(Token token, BranchKind kind)
    {
        var context = token.Text;
        var scope = _variables.Count;
        var pipe = Pipeline(context, TokenKind.Right, kind);
        _rangeDepth += kind == BranchKind.Range ? 1 : 0;
        var (body, end) = ItemList();
        _rangeDepth -= kind == BranchKind.Range ? 1 : 0;
        ListNode? otherwise = null;
        if (end is Else { Chained: { } chained } && chained == context)
        {
            var keyword = NextNonSpace();
            var nested = Branch(keyword, kind);
            otherwise = new ListNode(keyword.Position, [nested]);
        }
        else if (end is Else other)
        {
            if (other.Chained is not null)
            {
                throw Unexpected(PeekNonSpace(), "else");
            }

            (otherwise, var last) = ItemList();
            if (last is not End)
            {
                throw Error($"expected end; found {last}");
            }
        }

        _variables.RemoveRange(scope, _variables.Count - scope);
        return new BranchNode(token.Position, kind, pipe, body, otherwise);
    }

    private TemplateNode Template()
    {
        var name = NextNonSpace();
        if (name.Kind is not (TokenKind.String or TokenKind.RawString))
        {
            throw Unexpected(name, "template clause");
        }

        PipeNode? pipe = null;
        if (PeekNonSpace().Kind == TokenKind.Right)
        {
            Next();
        }
        else
        {
            pipe = Pipeline("template clause", TokenKind.Right);
        }

        return new TemplateNode(name.Position, Unquote(name), pipe);
    }

    private TemplateNode Block()
    {
        var name = NextNonSpace();
        if (name.Kind is not (TokenKind.String or TokenKind.RawString))
        {
            throw Unexpected(name, "block clause");
        }

        var pipe = Pipeline("block clause", TokenKind.Right);
        var outer = _variables.ToArray();
        _variables.RemoveRange(1, _variables.Count - 1);
        var (body, end) = ItemList();
        if (end is not End)
        {
            throw Error($"unexpected {end} in block clause");
        }

        _variables.Clear();
        _variables.AddRange(outer);
        Define(new ParsedTemplate(Unquote(name), _name, _text, body));
        return new TemplateNode(name.Position, Unquote(name), pipe);
    }

    private void Expect(TokenKind kind, string context)
    {
        var token = NextNonSpace();
        if (token.Kind != kind)
        {
            throw Unexpected(token, context);
        }
    }

    private TemplateParseException Unexpected(Token token, string context) =>
        new(_name, token.Line, $"unexpected {token.Display} in {context}");

    private TemplateParseException Error(string reason) =>
        new(_name, _tokens[Math.Max(0, Math.Min(_at, _tokens.Count) - 1)].Line, reason);

    private sealed record End(int Position) : Node(Position)
    {
        public override string ToString() => "{{end}}";
    }

    private sealed record Else(int Position, string? Chained) : Node(Position)
    {
        public override string ToString() => "{{else}}";
    }
}
