using System.Globalization;

namespace Dpf.Helm.Templates;

/// <content>Pipelines: declarations, commands, operands and literals.</content>
internal sealed partial class Parser
{
    private PipeNode Pipeline(string context, TokenKind end, BranchKind? branch = null)
    {
        var position = PeekNonSpace().Position;
        var declared = new List<string>();
        var assignment = false;
        while (PeekNonSpace().Kind == TokenKind.Variable)
        {
            var back = _at;
            var variable = Next();
            var next = PeekNonSpace();
            if (next.Kind is TokenKind.Declare or TokenKind.Assign)
            {
                Next();
                assignment = next.Kind == TokenKind.Assign;
                declared.Add(variable.Text);
            }
            else if (next.Kind == TokenKind.Comma)
            {
                Next();
                declared.Add(variable.Text);
                if (branch == BranchKind.Range && declared.Count < 2)
                {
                    if (PeekNonSpace().Kind == TokenKind.Variable)
                    {
                        continue;
                    }

                    throw Error("range can only initialize variables");
                }

                throw Error($"too many declarations in {context}");
            }
            else
            {
                _at = back;
            }

            break;
        }

        var commands = new List<CommandNode>();
        while (true)
        {
            var token = PeekNonSpace();
            if (token.Kind == end)
            {
                Next();
                break;
            }

            if (token.Kind is TokenKind.Bool or TokenKind.CharConstant or TokenKind.Dot or TokenKind.Field or TokenKind.Identifier or
                TokenKind.Number or TokenKind.Nil or TokenKind.RawString or TokenKind.String or TokenKind.Variable or TokenKind.LeftParen)
            {
                commands.Add(Command(end));
            }
            else
            {
                throw Unexpected(token, context);
            }
        }

        CheckPipeline(commands, context);
        if (!assignment)
        {
            _variables.AddRange(declared);
        }
        else if (declared.Find(v => !_variables.Contains(v)) is { } missing)
        {
            throw Error($"undefined variable {GoText.Quote(missing)}");
        }

        return new PipeNode(position, declared, assignment, commands);
    }

    private void CheckPipeline(List<CommandNode> commands, string context)
    {
        if (commands.Count == 0)
        {
            throw Error($"missing value for {context}");
        }

        for (var i = 1; i < commands.Count; i++)
        {
            if (commands[i].Arguments[0] is BoolNode or DotNode or NilNode or NumberNode or StringNode)
            {
                throw Error($"non executable command in pipeline stage {i + 1}");
            }
        }
    }

    private CommandNode Command(TokenKind end)
    {
        var position = PeekNonSpace().Position;
        var arguments = new List<Node>();
        while (true)
        {
            SkipSpace();
            if (Operand() is { } operand)
            {
                arguments.Add(operand);
            }

            var token = Next();
            if (token.Kind == TokenKind.Space)
            {
                continue;
            }

            if (token.Kind == end)
            {
                _at--;
            }
            else if (token.Kind != TokenKind.Pipe)
            {
                throw Unexpected(token, "operand");
            }

            break;
        }

        return arguments.Count > 0 ? new CommandNode(position, arguments) : throw Error("empty command");
    }

    private Node? Operand()
    {
        if (Term() is not { } node)
        {
            return null;
        }

        if (Current.Kind != TokenKind.Field)
        {
            return node;
        }

        var position = Current.Position;
        var names = new List<string>();
        while (Current.Kind == TokenKind.Field)
        {
            names.Add(Next().Text[1..]);
        }

        return node switch
        {
            FieldNode field => new FieldNode(position, [.. field.Names, .. names]),
            VariableNode variable => new VariableNode(position, [.. variable.Names, .. names]),
            BoolNode or StringNode or NumberNode or NilNode or DotNode =>
                throw Error($"unexpected . after term {GoText.Quote(node.ToString()!)}"),
            _ => new ChainNode(position, node, names),
        };
    }

    private Node? Term()
    {
        var token = NextNonSpace();
        switch (token.Kind)
        {
            case TokenKind.Identifier:
                return _isFunction(token.Text)
                    ? new IdentifierNode(token.Position, token.Text)
                    : throw Error($"function {GoText.Quote(token.Text)} not defined");
            case TokenKind.Dot:
                return new DotNode(token.Position);
            case TokenKind.Nil:
                return new NilNode(token.Position);
            case TokenKind.Bool:
                return new BoolNode(token.Position, token.Text == "true");
            case TokenKind.Variable:
                return _variables.Contains(token.Text)
                    ? new VariableNode(token.Position, [token.Text])
                    : throw Error($"undefined variable {GoText.Quote(token.Text)}");
            case TokenKind.Field:
                return new FieldNode(token.Position, [token.Text[1..]]);
            case TokenKind.Number or TokenKind.CharConstant:
                return new NumberNode(token.Position, token.Text, Number(token));
            case TokenKind.String or TokenKind.RawString:
                return new StringNode(token.Position, token.Text, Unquote(token));
            case TokenKind.LeftParen:
                return Pipeline("parenthesized pipeline", TokenKind.RightParen);
            default:
                _at--;
                return null;
        }
    }

    private object Number(Token token)
    {
        if (token.Kind == TokenKind.CharConstant)
        {
            return (GoText.TryUnquote("\"" + token.Text[1..^1] + "\"", out var text) || GoText.TryUnquote(token.Text[1..^1], out text)) &&
                text.Length > 0
                ? char.ConvertToUtf32(text, 0)
                : throw Error($"malformed character constant: {token.Text}");
        }

        if (GoNumber.TryParseInteger(token.Text, out var integer))
        {
            return integer is >= int.MinValue and <= int.MaxValue ? (object)(int)integer : integer;
        }

        return double.TryParse(token.Text.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
            ? real
            : throw Error($"bad number syntax: {GoText.Quote(token.Text)}");
    }

    private string Unquote(Token token) =>
        GoText.TryUnquote(token.Text, out var text) ? text : throw Error($"invalid syntax: {token.Text}");
}
