namespace Dpf.Helm.Templates;

/// <summary>What the lexer makes of a template's text.</summary>
internal enum TokenKind
{
    Text,
    Left,
    Right,
    Identifier,
    Keyword,
    Field,
    Variable,
    Dot,
    Nil,
    Bool,
    Number,
    CharConstant,
    String,
    RawString,
    Pipe,
    LeftParen,
    RightParen,
    Declare,
    Assign,
    Comma,
    Space,
    Char,
    End,
}

/// <param name="Kind">The kind.</param>
/// <param name="Position">Byte-like offset into the text (characters).</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Text">The token as written.</param>
internal readonly record struct Token(TokenKind Kind, int Position, int Line, string Text)
{
    /// <summary>The token as error messages show it.</summary>
    public string Display => Kind switch
    {
        TokenKind.End => "EOF",
        TokenKind.Keyword => $"<{Text}>",
        TokenKind.Right => GoText.Quote(Text),
        _ => Text.Length > 10 ? GoText.Quote(Text[..10]) + "..." : GoText.Quote(Text),
    };
}
