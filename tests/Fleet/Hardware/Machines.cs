using System.Collections.Concurrent;
using System.Globalization;
using Dpf.Runtime.Clusters;

namespace Dpf.Fleet.Hardware;

/// <summary>A worker's metal: which boot it is in. Survives every process.</summary>
internal sealed class Host(string name, string address)
{
    private int _boots = 1;

    public string Name => name;

    public string Address => address;

    /// <summary>The cards in it.</summary>
    public IReadOnlyList<Card> Cards { get; internal set; } = [];

    /// <summary>The boot's id, as the kernel makes it.</summary>
    public string BootId => string.Create(CultureInfo.InvariantCulture, $"{name}-boot-{_boots}");

    /// <summary>How often it was started.</summary>
    public int Boots => _boots;

    public void Boot() => Interlocked.Increment(ref _boots);
}

/// <summary>A card's flash and processor: what was installed, how often, and whether its system has joined a cluster.</summary>
internal sealed class Card(string name, Host host)
{
    public string Name => name;

    public Host Host => host;

    /// <summary>How often it was flashed for each incarnation of its DPU.</summary>
    public ConcurrentDictionary<string, int> Flashes { get; } = new(StringComparer.Ordinal);

    /// <summary>What was installed last: for whom, with which bf.cfg, and when that is done.</summary>
    public (string Uid, string Configuration, DateTimeOffset Ends)? Installed { get; set; }

    /// <summary>The boot of the host in which the system was installed: it joins in the next.</summary>
    public int InstalledInBoot { get; set; }

    /// <summary>Whether the installed system has joined: it has credentials of its own then.</summary>
    public bool HasJoined { get; set; }

    /// <summary>What a system that was started after its installation joins with; null when there is nothing to join.</summary>
    public string? JoinCommand => Installed is { } installed && !HasJoined && host.Boots > InstalledInBoot
        ? installed.Configuration.Split('\n').Select(l => l.IndexOf("kubeadm join ", StringComparison.Ordinal) is >= 0 and var at ? l[at..] : null)
            .FirstOrDefault(l => l is not null)
        : null;
}

/// <summary>All the metal of a fleet.</summary>
internal sealed class Machines
{
    private readonly ConcurrentDictionary<string, Host> _hosts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Card> _cards = new(StringComparer.Ordinal);
    private long _writes;

    /// <summary>A host has started: look at its node, and at its cards.</summary>
    public event Action<Host>? Booted;

    public ICollection<Host> Hosts => _hosts.Values;

    public ICollection<Card> Cards => _cards.Values;

    /// <summary>How many writes to API servers the simulation itself has made: not the product's.</summary>
    public long Writes => Interlocked.Read(ref _writes);

    public Host? Host(string name) => _hosts.GetValueOrDefault(name);

    public Card? Card(string name) => _cards.GetValueOrDefault(name);

    public void Add(Host host, IEnumerable<string> cards)
    {
        host.Cards = [.. cards.Select(c => new Card(c, host))];
        _hosts[host.Name] = host;
        foreach (var card in host.Cards)
        {
            _cards[card.Name] = card;
        }
    }

    public void Boot(Host host)
    {
        host.Boot();
        Booted?.Invoke(host);
    }

    public void Wrote(int count = 1) => Interlocked.Add(ref _writes, count);

    /// <summary>The cards that a host's start lets join, as keys of nodes.</summary>
    public static NamespacedName KeyOf(Card card) => new(null, card.Name);
}
