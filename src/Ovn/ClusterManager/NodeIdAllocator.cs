namespace Dpf.Ovn.ClusterManager;

/// <summary>
/// Hands out node ids from 2 to 5000. Id 0 means none, and 1 would give a node the cluster router's join address.
/// </summary>
public sealed class NodeIdAllocator
{
    private const int First = 2;
    private const int Last = 5000;
    private readonly Dictionary<string, int> _held = new(StringComparer.Ordinal);
    private readonly HashSet<int> _taken = [];
    private int _next = First;

    /// <summary>The nodes that have an id.</summary>
    public IReadOnlyCollection<string> Owners => [.. _held.Keys];

    /// <summary>Marks an id that a node has; false when it is out of range, another's, or not the node's one.</summary>
    public bool TryReserve(string owner, int id)
    {
        if (_held.TryGetValue(owner, out var held))
        {
            return held == id;
        }

        if (id is < First or > Last || !_taken.Add(id))
        {
            return false;
        }

        _held[owner] = id;
        return true;
    }

    /// <summary>The id of a node: the one it has, else the next free one; null when all are taken.</summary>
    public int? Allocate(string owner)
    {
        if (_held.TryGetValue(owner, out var held))
        {
            return held;
        }

        for (var tries = 0; tries <= Last - First; tries++)
        {
            var id = First + ((_next - First + tries) % (Last - First + 1));
            if (TryReserve(owner, id))
            {
                _next = id == Last ? First : id + 1;
                return id;
            }
        }

        return null;
    }

    /// <summary>Gives back a node's id.</summary>
    public void Release(string owner)
    {
        if (_held.Remove(owner, out var id))
        {
            _taken.Remove(id);
        }
    }
}
