use ultrawide_accel_sim::cost::*;
use ultrawide_accel_sim::machine::Machine;
use ultrawide_core::*;
#[test]
fn probe() {
    for name in ["zen4-avx2", "zen4-avx512"] {
        let machine = Machine::find(name).unwrap();
        let net = cntk(Shape { channels: 3, height: 32, width: 32 }, Readout::Gap, &[11], Trained::Hidden).unwrap();
        let cost = Cost::new(&machine, &net, 1).unwrap();
        for w in [1, 2, 4, 8, 16, 32] {
            for step in [Step::Channel, Step::First, Step::Layer, Step::Readout] {
                let f = cost.of(step, 16, w);
                println!("{name} w {w} {step:?}: {:.1} cycles/entry, slots {:.1}, ops {:?} busy {:?}", f.cycles / 16.0 / w as f64, f.slots / 16.0 / w as f64, f.operations.map(|x| (10.0*x / 16.0 / w as f64).round()/10.), f.busy.iter().map(|x| (x / 16.0 / w as f64*10.).round()/10.).collect::<Vec<_>>());
            }
        }
    }
}
