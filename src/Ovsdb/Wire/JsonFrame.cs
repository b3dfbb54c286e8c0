using System.Buffers;

namespace Dpf.Ovsdb.Wire;

/// <summary>
/// Finds where one JSON object ends in a stream that has nothing between its objects. It remembers where it stopped, so
/// that a dump of many megabytes is scanned once however it arrives.
/// </summary>
internal sealed class JsonFrame
{
    private int _depth;
    private bool _inString;
    private bool _escaped;
    private long _scanned;

    /// <summary>The end of the first object of <paramref name="buffer"/>, which must start where the last call's did.</summary>
    public bool TryFindEnd(ReadOnlySequence<byte> buffer, out SequencePosition end)
    {
        foreach (var segment in buffer.Slice(_scanned))
        {
            var span = segment.Span;
            for (var i = 0; i < span.Length; i++)
            {
                if (Ends(span[i]))
                {
                    end = buffer.GetPosition(_scanned + i + 1);
                    _scanned = 0;
                    return true;
                }
            }

            _scanned += span.Length;
        }

        end = default;
        return false;
    }

    private bool Ends(byte octet)
    {
        if (_inString)
        {
            if (_escaped)
            {
                _escaped = false;
            }
            else if (octet == '\\')
            {
                _escaped = true;
            }
            else if (octet == '"')
            {
                _inString = false;
            }

            return false;
        }

        switch (octet)
        {
            case (byte)'"':
                _inString = true;
                return false;
            case (byte)'{' or (byte)'[':
                _depth++;
                return false;
            case (byte)'}' or (byte)']':
                return --_depth == 0;
            default:
                return false;
        }
    }
}
