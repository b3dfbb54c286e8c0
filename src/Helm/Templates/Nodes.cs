namespace Dpf.Helm.Templates;

/// <summary>A piece of a parsed template.</summary>
/// <param name="Position">Where it begins in the text.</param>
internal abstract record Node(int Position);

internal sealed record TextNode(int Position, string Text) : Node(Position);

internal sealed record ListNode(int Position, IReadOnlyList<Node> Nodes) : Node(Position);

internal sealed record ActionNode(int Position, PipeNode Pipe) : Node(Position);

internal enum BranchKind
{
    If,
    With,
    Range,
}

internal sealed record BranchNode(int Position, BranchKind Kind, PipeNode Pipe, ListNode Body, ListNode? Else) : Node(Position);

internal sealed record TemplateNode(int Position, string Name, PipeNode? Pipe) : Node(Position)
{
    public override string ToString() =>
        Pipe is null ? $"{{{{template {GoText.Quote(Name)}}}}}" : $"{{{{template {GoText.Quote(Name)} {Pipe}}}}}";
}

internal sealed record BreakNode(int Position) : Node(Position);

internal sealed record ContinueNode(int Position) : Node(Position);

internal sealed record PipeNode(int Position, IReadOnlyList<string> Declared, bool IsAssignment, IReadOnlyList<CommandNode> Commands)
    : Node(Position)
{
    public override string ToString() =>
        (Declared.Count > 0 ? $"{string.Join(", ", Declared)} {(IsAssignment ? "=" : ":=")} " : "") + string.Join(" | ", Commands);
}

internal sealed record CommandNode(int Position, IReadOnlyList<Node> Arguments) : Node(Position)
{
    public override string ToString() =>
        string.Join(' ', Arguments.Select(a => a is PipeNode pipe ? $"({pipe})" : a.ToString()));
}

internal sealed record DotNode(int Position) : Node(Position)
{
    public override string ToString() => ".";
}

internal sealed record NilNode(int Position) : Node(Position)
{
    public override string ToString() => "nil";
}

internal sealed record BoolNode(int Position, bool Value) : Node(Position)
{
    public override string ToString() => Value ? "true" : "false";
}

internal sealed record NumberNode(int Position, string Text, object Value) : Node(Position)
{
    public override string ToString() => Text;
}

internal sealed record StringNode(int Position, string Quoted, string Value) : Node(Position)
{
    public override string ToString() => Quoted;
}

internal sealed record IdentifierNode(int Position, string Name) : Node(Position)
{
    public override string ToString() => Name;
}

internal sealed record FieldNode(int Position, IReadOnlyList<string> Names) : Node(Position)
{
    public override string ToString() => "." + string.Join('.', Names);
}

internal sealed record VariableNode(int Position, IReadOnlyList<string> Names) : Node(Position)
{
    public override string ToString() => string.Join('.', Names);
}

internal sealed record ChainNode(int Position, Node Inner, IReadOnlyList<string> Names) : Node(Position)
{
    public override string ToString() => (Inner is PipeNode ? $"({Inner})" : Inner.ToString()) + "." + string.Join('.', Names);
}

/// <summary>A parsed template: a file, or a <c>define</c> of one.</summary>
/// <param name="Name">Its name.</param>
/// <param name="File">The file it came from.</param>
/// <param name="Text">The file's text, to say where an error is.</param>
/// <param name="Root">What it does.</param>
internal sealed record ParsedTemplate(string Name, string File, string Text, ListNode Root)
{
    /// <summary>Nothing but white space: it never replaces another of its name.</summary>
    public bool IsBlank => Root.Nodes.All(n => n is TextNode text && string.IsNullOrWhiteSpace(text.Text));

    /// <summary>File, line and column of a position.</summary>
    public string Place(int position)
    {
        var start = position == 0 ? -1 : Text.LastIndexOf('\n', position - 1);
        var line = Text.AsSpan(0, position).Count('\n') + 1;
        var column = System.Text.Encoding.UTF8.GetByteCount(Text.AsSpan(start + 1, position - start - 1));
        return $"{File}:{line}:{column}";
    }
}
