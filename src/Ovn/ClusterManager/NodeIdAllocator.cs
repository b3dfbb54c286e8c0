namespace Dpf.Ovn.ClusterManager;

/// <summary>
/// Hands out node ids from 2 to 5000. Id 0 means none, and 1 would give a node the cluster router's join address.
/// </summary>
public sealed class NodeIdAllocator
{
    private const int First = 2;
    private const int Last = 5000;
    private readonly Dictionary<int, string> _owners = [];
    private int _next = First;

    /// <summary>Marks an id that a node has; false when it is out of range, or another's.</summary>
    public bool TryReserve(string owner, int id) =>
        id is >= First and <= Last && (_owners.TryAdd(id, owner) || _owners[id] == owner);

    /// <summary>The id of a node: the one it has, else the next free one; null when all are taken.</summary>
    public int? Allocate(string owner)
    {
        foreach (var (id, holder) in _owners)
        {
            if (holder == owner)
            {
                return id;
            }
        }

        for (var tries = 0; tries <= Last - First; tries++)
        {
            var id = First + ((_next - First + tries) % (Last - First + 1));
            if (_owners.TryAdd(id, owner))
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
        foreach (var id in _owners.Where(o => o.Value == owner).Select(o => o.Key).ToList())
        {
            _owners.Remove(id);
        }
    }
}
