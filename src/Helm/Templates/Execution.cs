using System.Text;
using Dpf.Helm.Functions;

namespace Dpf.Helm.Templates;

/// <summary>One run of one template.</summary>
internal sealed class Execution(TemplateSet set, ParsedTemplate template, StringBuilder output, TemplateHost host, int depth)
{
    private const int DeepestInclude = 1000;

    private readonly List<(string Name, object? Value)> _variables = [];

    /// <summary>The templates that can be included.</summary>
    public TemplateSet Set => set;

    /// <summary>The outside.</summary>
    public TemplateHost Host => host;

    /// <summary>How many includes deep this is.</summary>
    public int Depth => depth;

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    /// <summary>Executes the template with dot.</summary>
    public void Run(object? data)
    {
        if (depth > DeepestInclude)
        {
            throw new FunctionException($"rendering template has a nested reference name: {template.Name}: unable to execute template");
        }

        _variables.Add(("$", data));
        Walk(data, template.Root);
    }

    private Flow Walk(object? dot, Node node)
    {
        switch (node)
        {
            case TextNode text:
                output.Append(text.Text);
                return Flow.Next;
            case ListNode list:
                foreach (var child in list.Nodes)
                {
                    if (Walk(dot, child) is var flow and not Flow.Next)
                    {
                        return flow;
                    }
                }

                return Flow.Next;
            case ActionNode action:
                var value = Pipeline(dot, action.Pipe);
                if (action.Pipe.Declared.Count == 0 && value is not null)
                {
                    output.Append(GoValue.Print(value));
                }

                return Flow.Next;
            case BranchNode { Kind: BranchKind.Range } range:
                return Range(dot, range);
            case BranchNode branch:
                return Branch(dot, branch);
            case TemplateNode call:
                Call(dot, call);
                return Flow.Next;
            case BreakNode:
                return Flow.Break;
            default:
                return Flow.Continue;
        }
    }

    private Flow Branch(object? dot, BranchNode branch)
    {
        var mark = _variables.Count;
        try
        {
            var value = Pipeline(dot, branch.Pipe);
            if (GoValue.IsTrue(value))
            {
                return Walk(branch.Kind == BranchKind.With ? value : dot, branch.Body);
            }

            return branch.Else is { } otherwise ? Walk(dot, otherwise) : Flow.Next;
        }
        finally
        {
            Forget(mark);
        }
    }

    private Flow Range(object? dot, BranchNode range)
    {
        var mark = _variables.Count;
        var value = Value(dot, range.Pipe);
        var any = false;
        foreach (var (key, item) in Items(value, range))
        {
            any = true;
            var scope = _variables.Count;
            var names = range.Pipe.Declared;
            if (names.Count > 0)
            {
                Bind(range.Pipe, names[^1], item);
                if (names.Count > 1)
                {
                    Bind(range.Pipe, names[0], key);
                }
            }

            var flow = Walk(item, range.Body);
            Forget(scope);
            if (flow == Flow.Break)
            {
                break;
            }
        }

        Forget(mark);
        return !any && range.Else is { } otherwise ? Walk(dot, otherwise) : Flow.Next;
    }

    private IEnumerable<(object? Key, object? Item)> Items(object? value, BranchNode range) => value switch
    {
        null => [],
        List<object?> list => list.ToArray().Select((item, i) => ((object?)i, item)),
        Dictionary<string, object?> map => GoValue.Sorted(map).ToArray().Select(p => ((object?)p.Key, p.Value)),
        Rendering.ChartFiles files => files.Entries.Select(p => ((object?)p.Key, (object?)p.Value)),
        int or long when range.Pipe.Declared.Count < 2 =>
            Enumerable.Range(0, Convert.ToInt32(value, null)).Select(i => ((object?)i, (object?)i)),
        _ => throw Fail(Evaluated(range.Pipe), Evaluated(range.Pipe), $"range can't iterate over {GoValue.Print(value)}"),
    };

    // Go blames the node that it evaluated last.
    private static Node Evaluated(PipeNode pipe) => pipe.Commands is [{ Arguments: [var only] }] ? only : pipe;

    private void Bind(PipeNode pipe, string name, object? value)
    {
        if (pipe.IsAssignment)
        {
            Assign(pipe, name, value);
        }
        else
        {
            _variables.Add((name, value));
        }
    }

    private void Assign(PipeNode pipe, string name, object? value)
    {
        var at = _variables.FindLastIndex(v => v.Name == name);
        if (at < 0)
        {
            throw Fail(pipe, pipe, $"undefined variable: {name}");
        }

        _variables[at] = (name, value);
    }

    private void Forget(int mark) => _variables.RemoveRange(mark, _variables.Count - mark);

    private void Call(object? dot, TemplateNode call)
    {
        var target = set.Find(call.Name) ?? throw Fail(call, call, $"template {GoText.Quote(call.Name)} not defined");
        new Execution(set, target, output, host, depth + 1).Run(call.Pipe is null ? null : Pipeline(dot, call.Pipe));
    }

    private object? Pipeline(object? dot, PipeNode pipe)
    {
        var value = Value(dot, pipe);
        foreach (var name in pipe.Declared)
        {
            Bind(pipe, name, value);
        }

        return value;
    }

    private object? Value(object? dot, PipeNode pipe)
    {
        object? value = null;
        for (var i = 0; i < pipe.Commands.Count; i++)
        {
            value = Command(dot, pipe.Commands[i], i > 0, value);
        }

        return value;
    }

    private object? Command(object? dot, CommandNode command, bool piped, object? last)
    {
        var first = command.Arguments[0];
        switch (first)
        {
            case IdentifierNode function:
                return Function(dot, command, function, piped, last);
            case FieldNode field:
                return Fields(dot, field.Names, field, command, dot, piped, last);
            case VariableNode { Names.Count: > 1 } variable:
                return Fields(Variable(variable), [.. variable.Names.Skip(1)], variable, command, dot, piped, last);
            case ChainNode chain:
                return Chain(dot, chain, command, piped, last);
        }

        if (command.Arguments.Count > 1 || piped)
        {
            throw Fail(first, first, $"can't give argument to non-function {first}");
        }

        return Operand(dot, first);
    }

    private object? Operand(object? dot, Node node) => node switch
    {
        DotNode => dot,
        NilNode => null,
        BoolNode b => b.Value,
        NumberNode n => n.Value,
        StringNode s => s.Value,
        PipeNode pipe => Pipeline(dot, pipe),
        VariableNode { Names.Count: 1 } variable => Variable(variable),
        _ => Command(dot, new CommandNode(node.Position, [node]), false, null),
    };

    private object? Variable(VariableNode variable)
    {
        var at = _variables.FindLastIndex(v => v.Name == variable.Names[0]);
        return at >= 0 ? _variables[at].Value : throw Fail(variable, variable, $"undefined variable: {variable.Names[0]}");
    }

    private object? Chain(object? dot, ChainNode chain, CommandNode command, bool piped, object? last)
    {
        // A missing value in parentheses has missing fields, where one without them is an error.
        var inner = Operand(dot, chain.Inner);
        return inner is null ? null : Fields(inner, chain.Names, chain, command, dot, piped, last);
    }

    private object? Fields(
        object? value, IReadOnlyList<string> names, Node node, CommandNode command, object? dot, bool piped, object? last)
    {
        for (var i = 0; i < names.Count; i++)
        {
            var name = names[i];
            var isLast = i == names.Count - 1;
            var arguments = isLast ? Arguments(dot, command, piped, last) : [];
            switch (value)
            {
                case Dictionary<string, object?> map when arguments.Count > 0:
                    throw Fail(node, node, $"{name} is not a method but has arguments");
                case Dictionary<string, object?> map:
                    value = map.GetValueOrDefault(name);
                    break;
                case IMembers members:
                    try
                    {
                        value = members.Get(name, arguments);
                    }
                    catch (FunctionException e)
                    {
                        throw Fail(node, node, e.Message);
                    }

                    break;
                case null:
                    throw Fail(node, node, $"nil pointer evaluating interface {{}}.{name}");
                default:
                    throw Fail(node, node, $"can't evaluate field {name} in type interface {{}}");
            }
        }

        return value;
    }

    private List<object?> Arguments(object? dot, CommandNode command, bool piped, object? last)
    {
        var arguments = command.Arguments.Skip(1).Select(a => Operand(dot, a)).ToList();
        if (piped)
        {
            arguments.Add(last);
        }

        return arguments;
    }

    private object? Function(object? dot, CommandNode command, IdentifierNode function, bool piped, object? last)
    {
        if (function.Name is "and" or "or")
        {
            return Logic(dot, command, function.Name == "and", piped, last);
        }

        var arguments = new CallArguments(this, function.Name, Arguments(dot, command, piped, last));
        var definition = FunctionTable.Find(function.Name);
        if (arguments.Count < definition.Least || arguments.Count > definition.Most)
        {
            var want = definition.Most == int.MaxValue ? $"at least {definition.Least}" : $"{definition.Least}";
            throw Fail(function, function, $"wrong number of args for {function.Name}: want {want} got {arguments.Count}");
        }

        try
        {
            return definition.Call(arguments);
        }
        catch (ArgumentTypeException e)
        {
            var explicitCount = command.Arguments.Count - 1;
            var at = e.Index < explicitCount ? command.Arguments[e.Index + 1] : command.Arguments[^1];
            throw Fail(at, at, e.Message);
        }
        catch (TemplateFailedException e) when (e.Place is null)
        {
            throw new TemplateFailedException(e.Reason, template.Place(command.Position), e);
        }
        catch (Exception e) when (e is FunctionException or TemplateException and not TemplateFailedException or InvalidCastException or FormatException or OverflowException or ArgumentException
            or System.Security.Cryptography.CryptographicException)
        {
            throw Fail(command, command, $"error calling {function.Name}: {e.Message}");
        }
    }

    private object? Logic(object? dot, CommandNode command, bool all, bool piped, object? last)
    {
        object? value = null;
        var count = command.Arguments.Count - 1 + (piped ? 1 : 0);
        if (count == 0)
        {
            throw Fail(command.Arguments[0], command.Arguments[0], $"wrong number of args for {command.Arguments[0]}: want at least 1 got 0");
        }

        for (var i = 0; i < count; i++)
        {
            value = i < command.Arguments.Count - 1 ? Operand(dot, command.Arguments[i + 1]) : last;
            if (GoValue.IsTrue(value) != all)
            {
                return value;
            }
        }

        return value;
    }

    private TemplateException Fail(Node at, Node shown, string reason) =>
        new($"template: {template.Place(at.Position)}: executing {GoText.Quote(template.Name)} at <{shown}>: {reason}");
}
